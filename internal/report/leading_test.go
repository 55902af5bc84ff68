package report_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/internal/report"
	"polyad/matrix"
	"polyad/ndio"
	"polyad/solver"
	"polyad/tensor"
)

func TestLeadingEntriesAreTheLargestMagnitudes(t *testing.T) {
	x := matrix.Of(4, 2, []float64{1, 0, -6, 0, 0, 0, 3, 0})
	rows, shares := report.Leading(x, 0, 2)
	require.Equal(t, []int{1, 3}, rows)
	require.Equal(t, []float64{.6, .3}, shares)
	rows, _ = report.Leading(x, 1, 2)
	require.Empty(t, rows, "zeros lead nothing")
	huge := matrix.Of(2, 1, []float64{1e308, 1e308})
	_, shares = report.Leading(huge, 0, 5)
	require.Equal(t, []float64{.5, .5}, shares)
}

func TestPagesNameWhatLeads(t *testing.T) {
	axes := []ndio.Axis{{Names: []string{"tea", "<nut>", "milk"}}, {Values: []float64{250, 260.5, 271}, Title: "wavelength", Unit: "nm"}}
	w, h := matrix.Of(3, 1, []float64{1, 3, 0}), matrix.Of(1, 3, []float64{0, 1, 1})
	trace := solver.Trace{{Loss: 1}}
	pages := map[string]func(*bytes.Buffer) error{
		"nmf": func(b *bytes.Buffer) error {
			return report.NMF(b, report.NMFPage{W: w, H: h, Axes: axes, Trace: trace})
		},
		"cpd": func(b *bytes.Buffer) error {
			return report.CPD(b, report.CPDPage{Factors: []*matrix.Dense[float64]{w, h.Transpose()}, Axes: axes, Trace: trace})
		},
		"tucker": func(b *bytes.Buffer) error {
			return report.Tucker(b, report.TuckerPage{Core: tensor.Of([]float64{1}, 1, 1), Factors: []*matrix.Dense[float64]{w, h.Transpose()}, Axes: axes, Trace: trace})
		},
	}
	for name, page := range pages {
		var b bytes.Buffer
		require.NoError(t, page(&b), name)
		for _, text := range []string{"&lt;nut&gt; (75 %), tea (25 %)", "260.5 nm (50 %), 271 nm (50 %)", "(wavelength [nm])", "250"} {
			require.Contains(t, b.String(), text, name)
		}
		require.NotContains(t, b.String(), "<nut>", name)
	}
	axes[0].Names = axes[0].Names[:2]
	for name, page := range pages {
		err := page(new(bytes.Buffer))
		require.ErrorIs(t, err, report.ErrPage, name)
		require.ErrorContains(t, err, "2 names for 3 indices", name)
	}
}
