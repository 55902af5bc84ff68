package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"polyad/matrix"
	"polyad/ndio"
	"polyad/solver"
	"polyad/tensor"
)

// TuckerPage is what a page about a Tucker decomposition shows.
type TuckerPage struct {
	// Title heads the page, Summary is a sentence below it. Defaults are made
	// from the model.
	Title, Summary string
	// Command is the command line of the run.
	Command string
	// Facts are shown in this order.
	Facts []Fact
	// Formula is the objective as text.
	Formula string
	// Trace is the trace of the run.
	Trace solver.Trace
	// Core is J_0 x J_1 x … and Factors are I_n x J_n, nil for a mode left alone, of
	// any sign; a nil core leaves out the model.
	Core    *tensor.Dense[float64]
	Factors []*matrix.Dense[float64]
	// Axes tell what the indices of each mode are; nil when nothing is known.
	Axes []ndio.Axis
	// Penalty is that of an [NMFPage], and Pruned lists the pruned components of
	// each mode.
	Penalty map[string]float64
	Pruned  [][]int
}

// maxCore is the number of entries up to which a core is drawn.
const maxCore = 1 << 20

// Tucker writes the page about a Tucker decomposition.
func Tucker(w io.Writer, p TuckerPage) error {
	return write(w, "model.html", func() (any, error) { return buildTucker(p) })
}

func buildTucker(p TuckerPage) (*modelView, error) {
	if err := checkTucker(p); err != nil {
		return nil, err
	}
	v := &modelView{NMFPage: NMFPage{Title: p.Title, Summary: p.Summary, Command: p.Command, Facts: p.Facts, Formula: p.Formula, Trace: p.Trace, Penalty: p.Penalty},
		Matching: "in each mode on their own: column q of factor Fn belongs to slice q of the core G along mode n"}
	if v.Title == "" {
		v.Title = "Tucker decomposition"
	}
	var err error
	if v.Convergence, err = newConvergence(p.Trace); err != nil {
		return nil, err
	}
	if p.Core != nil {
		if v.Summary == "" {
			v.Summary = fmt.Sprintf("An array of %d modes as a core of shape %s times a factor along each mode.", len(p.Core.Shape), times(p.Core.Shape))
		}
		if err := v.tucker(p); err != nil {
			return nil, err
		}
	}
	if err := v.conclude(nil); err != nil {
		return nil, err
	}
	var pruned []string
	for n, list := range p.Pruned {
		if len(list) > 0 {
			pruned = append(pruned, fmt.Sprintf("of mode %d %s", n, joined(list)))
		}
	}
	v.Pruned = strings.Join(pruned, "; ")
	return v, nil
}

// tucker draws the core, slices along mode 0 below each other, and the factors.
func (v *modelView) tucker(p TuckerPage) error {
	if core := p.Core.Contiguous(); core.Len() <= maxCore {
		g := matrix.Of(core.Shape[0], core.Len()/core.Shape[0], core.Data)
		view, err := newFactor(g, "G", "entry of a slice of the core along mode 0", sizes(g), ndio.Axis{})
		if err != nil {
			return err
		}
		view.Strips, view.Drawn = "", ""
		v.Signed = v.Signed || signed(g.Data)
		v.Factors = append(v.Factors, view)
	}
	for n, f := range p.Factors {
		if f == nil {
			continue
		}
		x := f.Transpose()
		view, err := newFactor(x, fmt.Sprintf("F%d", n), fmt.Sprintf("index of mode %d", n), sizes(slicesAlong(p.Core, n)), axisOf(p.Axes, n))
		if err != nil {
			return err
		}
		v.Signed = v.Signed || signed(f.Data)
		v.Factors = append(v.Factors, view)
	}
	return nil
}

// slicesAlong returns the core with a slice along a mode per row.
func slicesAlong(core *tensor.Dense[float64], mode int) *matrix.Dense[float64] {
	modes := []int{mode}
	for n := range core.Shape {
		if n != mode {
			modes = append(modes, n)
		}
	}
	x := core.Permute(modes...).Contiguous()
	return matrix.Of(x.Shape[0], x.Len()/x.Shape[0], x.Data)
}

// sizes returns the sums of the magnitudes of rows.
func sizes(x *matrix.Dense[float64]) []float64 {
	s := make([]float64, x.Rows)
	for i := range s {
		for _, v := range x.Row(i) {
			s[i] += max(v, -v)
		}
	}
	return s
}

// times names a shape.
func times(shape []int) string {
	words := make([]string, len(shape))
	for n, size := range shape {
		words[n] = strconv.Itoa(size)
	}
	return strings.Join(words, " × ")
}

// joined lists components.
func joined(list []int) string {
	list = slices.Clone(list)
	slices.Sort(list)
	words := make([]string, len(list))
	for i, q := range list {
		words[i] = strconv.Itoa(q)
	}
	return strings.Join(words, ", ")
}

func checkTucker(p TuckerPage) error {
	if err := checkTrace(p.Trace); err != nil {
		return err
	}
	if p.Core == nil {
		return checkComponents(0, nil, nil, p.Penalty)
	}
	order := len(p.Core.Shape)
	if order < 1 || p.Core.Len() < 1 || len(p.Factors) != order || p.Pruned != nil && len(p.Pruned) != order {
		return fmt.Errorf("%w: a core of shape %v with %d factors and %d lists of pruned components", ErrPage, p.Core.Shape, len(p.Factors), len(p.Pruned))
	}
	if slices.ContainsFunc(p.Core.Contiguous().Data, func(v float64) bool { return !finite(v) }) {
		return fmt.Errorf("%w: the core holds a value that is not finite", ErrPage)
	}
	for n, f := range p.Factors {
		if f != nil && (f.Rows < 1 || f.Cols != p.Core.Shape[n]) {
			return fmt.Errorf("%w: factor %d is %d x %d beside a core of shape %v", ErrPage, n, f.Rows, f.Cols, p.Core.Shape)
		}
		if f != nil && slices.ContainsFunc(f.Data, func(v float64) bool { return !finite(v) }) {
			return fmt.Errorf("%w: factor %d holds a value that is not finite", ErrPage, n)
		}
		if p.Pruned != nil {
			if err := checkComponents(p.Core.Shape[n], nil, p.Pruned[n], p.Penalty); err != nil {
				return err
			}
		}
	}
	return nil
}
