package data_test

import (
	"math"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/internal/data"
	"polyad/internal/par"
	"polyad/matrix"
	"polyad/tensor"
)

func TestEquationsMatchTheirDefinition(t *testing.T) {
	both(t, testEquations[float32], testEquations[float64])
}

func testEquations[T asm.Float](t *testing.T) {
	const scale = 4
	for k, shape := range [][]int{{4, 3}, {7, 70}, {300, 2}, {5, 4, 6}, {3, 130, 2}, {2, 3, 4, 5}} {
		x, f := problem[T](shape, 3)
		mask := holes(uint64(k), .5, shape...)
		for i := range x.Data {
			if !seen(mask, i) {
				x.Data[i] = T(math.NaN())
			}
		}
		wx, wf := wide(x, f)
		pool := par.New(2)
		for mode := range shape {
			g, a, count := make([]*matrix.Dense[float64], shape[mode]), make([][]float64, shape[mode]), make([]int, shape[mode])
			for i := range g {
				g[i], a[i] = matrix.New[float64](3, 3), make([]float64, 3)
			}
			for e, v := range wx.Data {
				if !seen(mask, e) {
					continue
				}
				row, at, by := make([]float64, 3), 0, e
				for q := range row {
					row[q] = 1
				}
				for n := len(shape) - 1; n >= 0; n-- {
					i := by % shape[n]
					by /= shape[n]
					if n == mode {
						at = i
						continue
					}
					for q := range row {
						row[q] *= wf[n].At(i, q)
					}
				}
				count[at]++
				for p := range row {
					a[at][p] += scale * v * row[p]
					for q := range row {
						g[at].Set(p, q, g[at].At(p, q)+row[p]*row[q])
					}
				}
			}
			var m sync.Mutex
			rows := map[int]bool{}
			check := func(e data.Equations) {
				m.Lock()
				defer m.Unlock()
				rows[e.Row] = true
				require.Equal(t, count[e.Row], e.Observed)
				tol := 1e3 * epsilon[T]() * float64(1+count[e.Row])
				require.InDeltaSlice(t, g[e.Row].Data, e.G.Data, tol)
				require.InDeltaSlice(t, a[e.Row], e.A, scale*tol)
			}
			data.NewMaskedTensor(pool, x, mask, 3, scale, 0).Equations(mode, f, check)
			require.Len(t, rows, shape[mode])
			if len(shape) == 2 {
				data.NewMasked(x.Matrix(), mask.Matrix(shape[0], shape[1]), scale, 0, 2).Equations(pool, mode, f, check)
			}
		}
		pool.Close()
	}
	// Of complete data all rows have the same matrix.
	x, f := problem[T]([]int{5, 4, 6}, 2)
	gram := matrix.New[float64](2, 2)
	matrix.Gram(nil, gram, tensor.KhatriRao(f, 0), false)
	data.NewTensor(nil, x, 2, 1, 0, true).Equations(0, f, func(e data.Equations) {
		require.Equal(t, 24, e.Observed)
		require.InDeltaSlice(t, gram.Data, e.G.Data, 1e4*epsilon[T]())
	})
}
