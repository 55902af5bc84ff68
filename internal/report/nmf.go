package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"polyad/matrix"
	"polyad/ndio"
	"polyad/solver"
)

// NMFPage is what a page about a factorization X ≈ W·H shows.
type NMFPage struct {
	// Title heads the page, Summary is a sentence below it. Defaults are made
	// from the factors.
	Title, Summary string
	// Command is the command line of the run.
	Command string
	// Facts are shown in this order: file, shape, rank, loss, method, status and
	// so on.
	Facts []Fact
	// Formula is the objective as text.
	Formula string
	// Trace is the trace of the run.
	Trace solver.Trace
	// W is m x r and H is r x n, nonnegative; nil leaves out the factors.
	W, H *matrix.Dense[float64]
	// Axes tell what the rows and the columns of X are; nil when nothing is known.
	Axes []ndio.Axis
	// Penalty is the value of the penalty on each block.
	Penalty map[string]float64
	// Beta is β_q of package balance for each component, empty when the factors
	// were not balanced.
	Beta []float64
	// Pruned lists the components that were driven to zero, counted from 0
	// as on the page.
	Pruned []int
}

// NMF writes the page about a factorization.
func NMF(w io.Writer, p NMFPage) error {
	return write(w, "model.html", func() (any, error) { return buildNMF(p) })
}

// modelView is what model.html shows: of the page itself title, summary, command,
// facts and formula.
type modelView struct {
	NMFPage
	Matching    string // how the components of the factors belong together
	Whole       string // what the components have shares of
	Signed      bool   // some factor has negative entries
	Convergence *convergence
	Factors     []factorView
	Pruned      string // as text, counted from 0
	Balance     *balanceView
}

func buildNMF(p NMFPage) (*modelView, error) {
	v := &modelView{NMFPage: p, Matching: "the same in all factors: column q of W belongs to row q of H", Whole: "the model’s sum"}
	rank, err := checkNMF(p)
	if err != nil {
		return nil, err
	}
	if v.Title == "" {
		v.Title = "Nonnegative matrix factorization"
	}
	if v.Summary == "" && p.W != nil {
		v.Summary = fmt.Sprintf("A %d × %d matrix as the product of W (%d × %d) and H (%d × %d): %d nonnegative %s.",
			p.W.Rows, p.H.Cols, p.W.Rows, rank, rank, p.H.Cols, rank, plural(rank, "component"))
	}
	if v.Convergence, err = newConvergence(p.Trace); err != nil {
		return nil, err
	}
	var shares []float64
	if p.W != nil {
		columns := p.W.Transpose()
		shares = modelShares(columns, p.H)
		for n, f := range []struct {
			x          *matrix.Dense[float64]
			name, rows string
		}{{columns, "W", "row of X"}, {p.H, "H", "column of X"}} {
			view, err := newFactor(f.x, f.name, f.rows, shares, axisOf(p.Axes, n))
			if err != nil {
				return nil, err
			}
			v.Factors = append(v.Factors, view)
		}
	}
	return v, v.conclude(shares)
}

// conclude fills in what is said of all components.
func (v *modelView) conclude(shares []float64) (err error) {
	pruned := slices.Clone(v.NMFPage.Pruned)
	slices.Sort(pruned)
	var names []string
	for _, q := range pruned {
		names = append(names, strconv.Itoa(q))
	}
	v.Pruned = strings.Join(names, ", ")
	v.Balance, err = newBalance(v.NMFPage, shares)
	return err
}

// checkNMF returns the rank.
func checkNMF(p NMFPage) (rank int, err error) {
	if err := checkTrace(p.Trace); err != nil {
		return 0, err
	}
	rank = len(p.Beta)
	if (p.W == nil) != (p.H == nil) {
		return 0, fmt.Errorf("%w: one of W and H is nil, give both or none", ErrPage)
	}
	if p.W != nil {
		if err := checkMatrix("W", p.W); err != nil {
			return 0, err
		}
		if err := checkMatrix("H", p.H); err != nil {
			return 0, err
		}
		if rank = p.W.Cols; rank != p.H.Rows {
			return 0, fmt.Errorf("%w: W is %d x %d and H %d x %d, the inner sizes must agree", ErrPage, p.W.Rows, p.W.Cols, p.H.Rows, p.H.Cols)
		}
		if len(p.Beta) != 0 && len(p.Beta) != rank {
			return 0, fmt.Errorf("%w: Beta has %d values for %d components", ErrPage, len(p.Beta), rank)
		}
	}
	return rank, checkComponents(rank, p.Beta, p.Pruned, p.Penalty)
}

// checkComponents checks what is said of the components.
func checkComponents(rank int, beta []float64, pruned []int, penalty map[string]float64) error {
	if err := checkValues("Beta", beta); err != nil {
		return err
	}
	for _, q := range pruned {
		if q < 0 || q >= rank {
			return fmt.Errorf("%w: Pruned names component %d of %d, they count from 0", ErrPage, q, rank)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(penalty)) {
		if v := penalty[name]; !(v >= 0) || !finite(v) {
			return fmt.Errorf("%w: Penalty[%q] is %v, must be finite and not negative", ErrPage, name, v)
		}
	}
	return nil
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}
