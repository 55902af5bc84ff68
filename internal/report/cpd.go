package report

import (
	"fmt"
	"io"
	"math"

	"polyad/matrix"
	"polyad/ndio"
	"polyad/solver"
)

// CPDPage is what a page about a canonical polyadic decomposition shows.
type CPDPage struct {
	// Title heads the page, Summary is a sentence below it. Defaults are made
	// from the factors.
	Title, Summary string
	// Command is the command line of the run.
	Command string
	// Facts are shown in this order.
	Facts []Fact
	// Formula is the objective as text.
	Formula string
	// Trace is the trace of the run.
	Trace solver.Trace
	// Factors are I_n x r, one for each mode, of any sign, and Weights those of the
	// components, nil for ones; nil factors are left out.
	Factors []*matrix.Dense[float64]
	Weights []float64
	// Axes tell what the indices of each mode are; nil when nothing is known.
	Axes []ndio.Axis
	// Penalty, Beta and Pruned are those of an [NMFPage].
	Penalty map[string]float64
	Beta    []float64
	Pruned  []int
}

// CPD writes the page about a canonical polyadic decomposition.
func CPD(w io.Writer, p CPDPage) error {
	return write(w, "model.html", func() (any, error) { return buildCPD(p) })
}

func buildCPD(p CPDPage) (*modelView, error) {
	rank, err := checkCPD(p)
	if err != nil {
		return nil, err
	}
	v := &modelView{NMFPage: NMFPage{Title: p.Title, Summary: p.Summary, Command: p.Command, Facts: p.Facts, Formula: p.Formula,
		Trace: p.Trace, Penalty: p.Penalty, Beta: p.Beta, Pruned: p.Pruned}, Matching: "the same in all factors", Whole: "the sum of all components’ norms"}
	if v.Title == "" {
		v.Title = "Canonical polyadic decomposition"
	}
	if v.Summary == "" && len(p.Factors) > 0 {
		v.Summary = fmt.Sprintf("An array of %d modes as the sum of %d %s.", len(p.Factors), rank, plural(rank, "component"))
	}
	if v.Convergence, err = newConvergence(p.Trace); err != nil {
		return nil, err
	}
	var shares []float64
	if len(p.Factors) > 0 {
		shares = normShares(p.Factors, p.Weights)
	}
	for n, f := range p.Factors {
		view, err := newFactor(f.Transpose(), fmt.Sprintf("F%d", n), fmt.Sprintf("index of mode %d", n), shares, axisOf(p.Axes, n))
		if err != nil {
			return nil, err
		}
		v.Signed = v.Signed || signed(f.Data)
		v.Factors = append(v.Factors, view)
	}
	return v, v.conclude(shares)
}

// checkCPD returns the rank.
func checkCPD(p CPDPage) (rank int, err error) {
	if err := checkTrace(p.Trace); err != nil {
		return 0, err
	}
	rank = len(p.Beta)
	for n, f := range p.Factors {
		if f == nil || f.Rows < 1 || f.Cols < 1 || f.Cols != p.Factors[0].Cols {
			return 0, fmt.Errorf("%w: factor %d has no entries, or another number of columns than factor 0", ErrPage, n)
		}
		for i := range f.Rows {
			for q, v := range f.Row(i) {
				if !finite(v) {
					return 0, fmt.Errorf("%w: factor %d row %d, value %d is %v, must be finite", ErrPage, n, i, q, v)
				}
			}
		}
		rank = f.Cols
	}
	if len(p.Beta) != 0 && len(p.Beta) != rank || p.Weights != nil && len(p.Weights) != rank {
		return 0, fmt.Errorf("%w: Beta has %d values and Weights %d for %d components", ErrPage, len(p.Beta), len(p.Weights), rank)
	}
	return rank, checkComponents(rank, p.Beta, p.Pruned, p.Penalty)
}

// normShares returns each component's part of the sum of the norms of all
// components' arrays.
func normShares(factors []*matrix.Dense[float64], weights []float64) []float64 {
	log := make([]float64, factors[0].Cols)
	top := math.Inf(-1)
	for q := range log {
		for _, f := range factors {
			large, sum := 0.0, 0.0
			for i := range f.Rows {
				large = max(large, math.Abs(f.At(i, q)))
			}
			for i := range f.Rows {
				if large > 0 {
					sum += f.At(i, q) / large * (f.At(i, q) / large)
				}
			}
			log[q] += math.Log(large) + math.Log(sum)/2
		}
		if weights != nil {
			log[q] += math.Log(math.Abs(weights[q]))
		}
		if log[q] != log[q] {
			log[q] = math.Inf(-1)
		}
		top = max(top, log[q])
	}
	shares := make([]float64, len(log))
	for q, l := range log {
		if !math.IsInf(top, -1) {
			shares[q] = math.Exp(l - top)
		}
	}
	return normalize(shares)
}
