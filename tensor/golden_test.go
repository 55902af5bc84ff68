package tensor_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/internal/golden"
	"polyad/matrix"
	"polyad/tensor"
)

// goldenMatrices returns inputs prefix0, prefix1, … of a case.
func goldenMatrices(c golden.Case, prefix string, count int) []*matrix.Dense[float64] {
	f := make([]*matrix.Dense[float64], count)
	for n := range f {
		f[n] = c.Inputs[fmt.Sprint(prefix, n)].Matrix()
	}
	return f
}

func TestGoldenProducts(t *testing.T) {
	for _, l := range asm.Levels() {
		restore, err := asm.Use(l)
		require.NoError(t, err)
		t.Run(l.String(), testGoldenProducts)
		restore()
	}
}

func testGoldenProducts(t *testing.T) {
	cases, err := golden.HRSI("tensor_ops")
	require.NoError(t, err)
	require.Equal(t, 2, len(cases))
	for _, c := range cases {
		t.Run(c.ID, func(t *testing.T) {
			x := c.Inputs["T"].Tensor()
			order := len(x.Shape)
			f, u := goldenMatrices(c, "X", order), goldenMatrices(c, "M", order)
			rank := f[0].Cols
			grams := make([]*matrix.Dense[float64], order)
			for n, m := range f {
				grams[n] = matrix.New[float64](rank, rank)
				matrix.Gram(nil, grams[n], m, false)
			}
			tree := tensor.NewTree[float64](x.Shape, rank)
			for n, size := range x.Shape {
				m, g := matrix.New[float64](size, rank), matrix.New[float64](rank, rank)
				tensor.MTTKRP(nil, m, x, f, n)
				require.NoError(t, c.Outputs[fmt.Sprint("mttkrp_", n)].Check(m.Data))
				tree.MTTKRP(nil, m, x, f, n)
				require.NoError(t, c.Outputs[fmt.Sprint("mttkrp_", n)].Check(m.Data), "by a tree")
				tensor.HadamardGram(g, grams, n)
				require.NoError(t, c.Outputs[fmt.Sprint("gram_", n)].Check(g.Data))
			}
			require.NoError(t, c.Outputs["khatri_rao_12"].Check(tensor.KhatriRao(f[:2], -1).Data))
			require.NoError(t, c.Outputs["mode_dot_T_x0_M0t"].Check(tensor.ModeProduct(nil, x, u[0], 0, true).Data))
			require.NoError(t, c.Outputs["core_proj"].Check(tensor.MultiModeProduct(nil, x, u, true).Data))

			cp := tensor.CP[float64]{Factors: f}
			require.NoError(t, c.Outputs["cp_full"].Check(cp.Reconstruct(nil).Data))
			tucker := tensor.Tucker[float64]{Core: c.Inputs["G"].Tensor(), Factors: u}
			require.NoError(t, c.Outputs["tucker_full"].Check(tucker.Reconstruct(nil).Data))
		})
	}
}
