package report

import (
	"bytes"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/matrix"
	"polyad/tensor"
)

// tucker returns a page about a model of both signs, of which a mode is left alone.
func tucker() TuckerPage {
	p := TuckerPage{Trace: falling(20), Formula: "1/2·||X - [[G; F0, F1, …]]||_F^2", Core: tensor.New[float64](3, 2, 4),
		Penalty: map[string]float64{"mode 0": 1, "mode 2": 1, "core": 2}, Pruned: [][]int{{2}, nil, {3, 1}}}
	for i := range p.Core.Data {
		p.Core.Data[i] = math.Sin(float64(i))
	}
	p.Factors = []*matrix.Dense[float64]{matrix.New[float64](60, 3), nil, matrix.New[float64](1, 4)}
	for i := range p.Factors[0].Data {
		p.Factors[0].Data[i] = float64(i % 7)
	}
	return p
}

func tuckerPage(t *testing.T, p TuckerPage) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, Tucker(&b, p))
	checkPage(t, b.String())
	return b.String()
}

func TestTuckerPageShowsCoreAndFactors(t *testing.T) {
	page := tuckerPage(t, tucker())
	for _, s := range []string{"F0: a value per index of mode 0, 60 of them", "F2: a value per index of mode 2", "G: a value per entry of a slice of the core along mode 0, 8 of them",
		"largest magnitude", "nothing is left of them: of mode 0 2; of mode 2 1, 3.", "in each mode on their own", "a core of shape 3 × 2 × 4", "<td>core</td>"} {
		require.Contains(t, page, s)
	}
	require.NotContains(t, page, "F1:")
	require.Contains(t, tuckerPage(t, TuckerPage{Trace: falling(1)}), "Tucker decomposition")
	p := tucker()
	clear(p.Core.Data)
	p.Factors[0].Zero()
	require.NotContains(t, tuckerPage(t, p), "NaN")
}

func TestWrongTuckerPagesAreRefused(t *testing.T) {
	for name, spoil := range map[string]func(*TuckerPage){
		"missing":  func(p *TuckerPage) { p.Factors = p.Factors[:2] },
		"columns":  func(p *TuckerPage) { p.Factors[0] = matrix.New[float64](60, 2) },
		"infinite": func(p *TuckerPage) { p.Factors[0].Set(1, 1, math.Inf(1)) },
		"core":     func(p *TuckerPage) { p.Core.Data[3] = math.NaN() },
		"empty":    func(p *TuckerPage) { p.Core = tensor.New[float64](3, 0, 4) },
		"pruned":   func(p *TuckerPage) { p.Pruned[1] = []int{2} },
		"lists":    func(p *TuckerPage) { p.Pruned = p.Pruned[:1] },
		"penalty":  func(p *TuckerPage) { p.Penalty["core"] = -1 },
		"trace":    func(p *TuckerPage) { p.Trace[1].Loss = math.NaN() },
	} {
		p := tucker()
		spoil(&p)
		var b bytes.Buffer
		require.ErrorIs(t, Tucker(&b, p), ErrPage, name)
		require.Zero(t, b.Len())
	}
}
