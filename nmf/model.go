package nmf

import (
	"fmt"

	"polyad/asm"
	"polyad/internal/data"
	"polyad/internal/fitting"
	"polyad/loss"
	"polyad/matrix"
	"polyad/ndio"
	"polyad/solver"
	"polyad/tensor"
)

// Model is a factorization X ≈ W·H of an m x n matrix: W is m x r, a component
// per column, H is r x n, a component per row.
type Model[T asm.Float] struct {
	W, H *matrix.Dense[T]

	// Axes tell what the rows (0) and the columns (1) of X stand for; nil when nothing
	// is known. [Fit] leaves them nil, as a matrix has no names; set them, and
	// [Model.Save], [Load] and [Model.Transform] keep them.
	Axes []ndio.Axis
}

// Rank returns the number of components r.
func (m *Model[T]) Rank() int {
	m.whole("Rank")
	return m.W.Cols
}

// whole panics with a [matrix.Error] when the factors do not fit each other.
func (m *Model[T]) whole(op string) {
	m.parts(op)
	if m.W.Cols != m.H.Rows {
		panic(matrix.Error{Op: op, Msg: fmt.Sprintf("a model with W %d x %d and H %d x %d", m.W.Rows, m.W.Cols, m.H.Rows, m.H.Cols)})
	}
}

// parts panics with a [matrix.Error] when a factor is missing or not a matrix.
func (m *Model[T]) parts(op string) {
	if m == nil || !m.W.Valid() || !m.H.Valid() {
		panic(matrix.Error{Op: op, Msg: "a model whose W or H is nil, or has fields that do not fit each other"})
	}
}

// Shape returns the sizes of the modes, m and n.
func (m *Model[T]) Shape() []int {
	m.parts("Shape")
	return []int{m.W.Rows, m.H.Cols}
}

// Stored returns the number of numbers that the model consists of, (m+n)·r.
func (m *Model[T]) Stored() int {
	m.whole("Stored")
	return (m.W.Rows + m.H.Cols) * m.W.Cols
}

// factors returns W and Hᵀ: a column per component in both.
func (m *Model[T]) factors() []*matrix.Dense[T] {
	return []*matrix.Dense[T]{m.W, m.H.Transpose()}
}

// CP returns the model as package tensor knows it, with the factors W and Hᵀ, of which
// the second one is a copy.
func (m *Model[T]) CP() tensor.CP[T] {
	m.whole("CP")
	return tensor.CP[T]{Factors: m.factors()}
}

// Norm returns the Frobenius norm of the model without forming it. Cost (m+n)·r² flops.
func (m *Model[T]) Norm() float64 { return m.CP().Norm() }

// Inner returns the inner product of two models of one shape, without forming them;
// ranks may differ. It panics when the shapes differ. Cost 2·(m+n)·r_1·r_2 flops.
func (m *Model[T]) Inner(o *Model[T]) float64 { return m.CP().Inner(o.CP()) }

// Congruence returns the cosines of the angles between the arrays of the components, r x
// r: the products of the cosines between their columns of W and between their rows of H.
// Those with a component that is zero are 0.
func (m *Model[T]) Congruence() *matrix.Dense[float64] {
	m.whole("Congruence")
	return fitting.Congruence(nil, m.factors())
}

// Shares returns each component's part of the model, ⟨Y_q, Y⟩/||Y||², where Y_q is its
// array and Y their sum: they add up to 1. Those of a model that is zero are 0.
func (m *Model[T]) Shares() []float64 {
	m.whole("Shares")
	return fitting.Shares(nil, m.factors())
}

// RelError returns ||X - model||_F / ||X||_F from the residual, in the memory of a
// tile. For an x that is all zero it is 0 when the model is zero too, else 1. It panics
// when the shapes differ. Cost 2·m·n·r flops.
func (m *Model[T]) RelError(x *matrix.Dense[T]) float64 {
	m.whole("RelError")
	if !x.Valid() || x.Rows != m.W.Rows || x.Cols != m.H.Cols {
		panic(matrix.Error{Op: "RelError", Msg: fmt.Sprintf("a model of %d x %d and data that are nil, or of another shape", m.W.Rows, m.H.Cols)})
	}
	if x.Rows == 0 || x.Cols == 0 {
		return 0
	}
	d := data.NewDense(x, 1, 0, 1)
	var squares float64
	for b := range d.Blocks() {
		_, s := d.Loss(loss.Frobenius, b, 0, m.W, m.H)
		squares += s
	}
	return fitting.RelError(squares, d.Stats().Squares)
}

// Reconstruct returns W·H as a new matrix. Cost 2·m·n·r flops.
func (m *Model[T]) Reconstruct() *matrix.Dense[T] {
	m.whole("Reconstruct")
	x := matrix.New[T](m.W.Rows, m.H.Cols)
	matrix.Gemm(nil, false, false, 1, m.W, m.H, 0, x)
	return x
}

// Clone returns a copy of the model, nil for nil.
func (m *Model[T]) Clone() *Model[T] {
	if m == nil {
		return nil
	}
	return &Model[T]{W: m.W.Clone(), H: m.H.Clone(), Axes: ndio.CloneAxes(m.Axes)}
}

// Result is a fitted model and how it was found.
type Result[T asm.Float] struct {
	*Model[T]
	solver.Outcome

	// RelError is ||X - model||_F / ||X||_F over the observed entries, of this very model
	// and computed directly. For data that are all zero it is 0 when the model is zero
	// too, else 1.
	RelError float64

	// Pruned lists the components in which W or H is nowhere above the floor.
	Pruned []int

	// Ridges counts how many times [ALS] or [ANLS] met a singular matrix and raised
	// its diagonal a little.
	Ridges int

	// Beta is β_q of package balance for each component of the returned model as
	// balanced, when both factors are free and penalized; 0 for pruned components
	// and those with a part that is held.
	Beta []float64

	// Options are the options as they took effect, all defaults filled in, but
	// without observers and Run.Start. They keep a model that was given as the start alive.
	Options Options

	normalized bool // since the fit
}

// Surviving returns the number of components that are not pruned.
func (r *Result[T]) Surviving() int { return r.Rank() - len(r.Pruned) }

// Fit returns 1 - RelError.
func (r *Result[T]) Fit() float64 { return 1 - r.RelError }

// Explained returns 1 - RelError²: the share of the data's sum of squares that the
// model explains. It is negative when the model is worse than zeros.
func (r *Result[T]) Explained() float64 { return 1 - r.RelError*r.RelError }

// Formula returns the objective as text, with the numbers of the penalties.
func (r *Result[T]) Formula() string { return r.Options.Formula() }

// check reports whether the model fits m x n data and a rank.
func (m *Model[T]) check(rows, cols, rank int) error {
	if m == nil || m.W == nil || m.H == nil {
		return fmt.Errorf("nmf: %w: the model has no W or no H", ErrShape)
	}
	if m.W.Rows != rows || m.W.Cols != rank || m.H.Rows != rank || m.H.Cols != cols {
		return fmt.Errorf("nmf: %w: the model has W %d x %d and H %d x %d, but data and rank ask for %d x %d and %d x %d", ErrShape,
			m.W.Rows, m.W.Cols, m.H.Rows, m.H.Cols, rows, rank, rank, cols)
	}
	for _, f := range []struct {
		name string
		x    *matrix.Dense[T]
	}{{"W", m.W}, {"H", m.H}} {
		if err := checkLayout(f.name, f.x); err != nil {
			return err
		}
		for i := 0; i < f.x.Rows; i++ {
			for j, v := range f.x.Row(i) {
				if !(v >= 0) || v-v != 0 {
					return fmt.Errorf("nmf: %w: the model's %s[%d,%d] is %v; it must be finite and not negative", ErrData, f.name, i, j, v)
				}
			}
		}
	}
	return nil
}
