package report

import (
	"bytes"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/matrix"
)

// decomposition returns a page about factors of both signs.
func decomposition() CPDPage {
	p := CPDPage{Trace: falling(20), Formula: "1/2·||X - [[F0, F1, …]]||_F^2", Weights: []float64{2, 1, 0},
		Penalty: map[string]float64{"mode 0": 1, "mode 1": 1, "mode 2": 1}, Beta: []float64{3, 1, 0}, Pruned: []int{2}}
	for n, size := range []int{5, 60, 1} {
		f := matrix.New[float64](size, 3)
		for i := range f.Data {
			if i%3 < 2 {
				f.Data[i] = math.Sin(float64(i + n))
			}
		}
		p.Factors = append(p.Factors, f)
	}
	return p
}

func cpdPage(t *testing.T, p CPDPage) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, CPD(&b, p))
	checkPage(t, b.String())
	return b.String()
}

func TestDecompositionPageShowsEveryMode(t *testing.T) {
	page := cpdPage(t, decomposition())
	for _, s := range []string{"F0: a value per index of mode 0, 5 of them", "F2: a value per index of mode 2", "largest magnitude", "Pruned, which means that nothing is left of them: 2.",
		"F0, a curve per component", "‖X − model‖", "sum of all components’ norms", "An array of 3 modes as the sum of 3 components."} {
		require.Contains(t, page, s)
	}
	require.NotContains(t, page, "W·H")
	require.NotContains(t, page, "F2, a curve per component", "one entry is no curve")
	require.Contains(t, cpdPage(t, CPDPage{Trace: falling(3)}), "Canonical polyadic decomposition")
	p := decomposition()
	for _, f := range p.Factors {
		f.Zero()
	}
	require.NotContains(t, cpdPage(t, p), "NaN")
}

func TestSharesAreThoseOfTheNorms(t *testing.T) {
	f := []*matrix.Dense[float64]{matrix.Of(2, 2, []float64{3, 0, 4, -1}), matrix.Of(1, 2, []float64{1e200, 1e200}), matrix.Of(1, 2, []float64{1e200, 1e200})}
	s := normShares(f, []float64{1, 5})
	require.InDeltaSlice(t, []float64{.5, .5}, s, 1e-12)
}

func TestWrongDecompositionsAreRefused(t *testing.T) {
	for name, spoil := range map[string]func(*CPDPage){
		"missing":  func(p *CPDPage) { p.Factors[1] = nil },
		"columns":  func(p *CPDPage) { p.Factors[1] = matrix.New[float64](4, 2) },
		"infinite": func(p *CPDPage) { p.Factors[0].Set(1, 1, math.Inf(1)) },
		"beta":     func(p *CPDPage) { p.Beta = []float64{1} },
		"weights":  func(p *CPDPage) { p.Weights = []float64{1} },
		"pruned":   func(p *CPDPage) { p.Pruned = []int{3} },
		"penalty":  func(p *CPDPage) { p.Penalty["mode 1"] = -1 },
		"trace":    func(p *CPDPage) { p.Trace[1].Loss = math.NaN() },
	} {
		p := decomposition()
		spoil(&p)
		var b bytes.Buffer
		require.ErrorIs(t, CPD(&b, p), ErrPage, name)
		require.Zero(t, b.Len())
	}
}
