package tucker

import (
	"fmt"
	"slices"

	"polyad/asm"
	"polyad/internal/data"
	"polyad/internal/fitting"
	"polyad/internal/named"
	"polyad/internal/par"
	"polyad/matrix"
	"polyad/ndio"
	"polyad/tensor"
)

// Model is a Tucker model X ≈ G ×_0 F_0 ×_1 F_1 … of an array of shape I_0 x …
// I_{N-1}: the core G is J_0 x … J_{N-1} and factor n is I_n x J_n. A nil factor
// stands for the identity: the mode is left alone, J_n = I_n.
type Model[T asm.Float] struct {
	Core    *tensor.Dense[T]
	Factors []*matrix.Dense[T]

	// Axes tell what the indices of each mode stand for; nil when nothing is known.
	// [Fit] leaves them nil, as an array has no names; set them, and [Model.Save],
	// [Load] and [Model.Transform] keep them.
	Axes []ndio.Axis
}

// Ranks returns the shape of the core.
func (m *Model[T]) Ranks() []int {
	m.whole("Ranks")
	return slices.Clone(m.Core.Shape)
}

// whole panics with a [tensor.Error] when the parts of the model do not fit each
// other.
func (m *Model[T]) whole(op string) { m.Tucker().Check(op) }

// Shape returns the sizes of the modes.
func (m *Model[T]) Shape() []int { return m.Tucker().Shape() }

// Tucker returns the model as package tensor knows it, sharing memory: for tiles
// ([tensor.TuckerTiles]) and other products.
func (m *Model[T]) Tucker() tensor.Tucker[T] {
	if m == nil {
		return tensor.Tucker[T]{}
	}
	return tensor.Tucker[T]{Core: m.Core, Factors: m.Factors}
}

// Clone returns a copy of the model, nil for nil.
func (m *Model[T]) Clone() *Model[T] {
	if m == nil {
		return nil
	}
	c := &Model[T]{Core: m.Core.Clone(), Axes: ndio.CloneAxes(m.Axes)}
	for _, f := range m.Factors {
		if f != nil {
			f = f.Clone()
		}
		c.Factors = append(c.Factors, f)
	}
	return c
}

// Reconstruct returns the array that the model stands for. The products are made
// in the order of fewest flops, the last one of 2·|X|·J.
func (m *Model[T]) Reconstruct() *tensor.Dense[T] { return m.Tucker().Reconstruct(nil) }

// reconstructed is the number of elements of a tile, unless a row has more.
const reconstructed = 1 << 15

// ReconstructTo calls f with the rows of mode 0 one after the other, in tiles of a
// bounded size (a row at least): tile holds those from lo on, in row-major order, and is valid
// until f returns. An error of f ends it and is returned.
func (m *Model[T]) ReconstructTo(f func(lo int, tile []T) error) error {
	if err := fitting.Whole("tucker", ErrShape, "ReconstructTo", m.whole); err != nil {
		return err
	}
	var t tensor.TuckerTiles[T]
	t.Set(m.Tucker(), 1)
	rows, cols := t.Size()
	step := max(1, reconstructed/max(cols, 1))
	buf := make([]T, min(step, rows)*cols)
	for lo := 0; lo < rows; lo += step {
		hi := min(lo+step, rows)
		tile := buf[:(hi-lo)*cols]
		t.Tile(tile, lo, hi, 0)
		if err := f(lo, tile); err != nil {
			return err
		}
	}
	return nil
}

// Norm returns the Frobenius norm of the model without forming it. It cancels
// when components do. Cost Σ I_n·J_n² + 2·|G|·Σ J_n flops.
func (m *Model[T]) Norm() float64 { return m.Tucker().Norm() }

// Inner returns the inner product of two models of one shape, without forming them;
// ranks may differ. It panics when the shapes differ.
func (m *Model[T]) Inner(o *Model[T]) float64 {
	m.whole("Inner")
	o.whole("Inner")
	if !slices.Equal(m.Shape(), o.Shape()) {
		panic(tensor.Error{Op: "Inner", Msg: fmt.Sprintf("shapes %v and %v", m.Shape(), o.Shape())})
	}
	// The core of the other one is projected onto the factors of this one.
	turns := make([]*matrix.Dense[T], len(m.Factors))
	for n, f := range m.Factors {
		g := o.Factors[n]
		switch {
		case f != nil && g != nil:
			turns[n] = matrix.New[T](f.Cols, g.Cols)
			matrix.Gemm(nil, true, false, 1, f, g, 0, turns[n])
		case f != nil:
			turns[n] = f.Transpose()
		case g != nil:
			turns[n] = g
		}
	}
	p := tensor.MultiModeProduct(nil, o.Core.Contiguous(), turns, false)
	return dot(p.Contiguous().Data, m.Core.Contiguous().Data)
}

// RelError returns ||X - model||_F / ||X||_F without forming the model: by the
// data projected onto the factors,
//
//	||X - Y||² = ||X||² - 2⟨X ×_0 F_0ᵀ ×_1 F_1ᵀ …, G⟩ + ||Y||²,
//
// at the cost of a few products with X, and where that cancels, below 1e-3, float32
// 1e-2, from the residual tile by tile. For an x that is all zero it is 0 when the
// model is zero too, else 1. It panics when the shapes differ.
func (m *Model[T]) RelError(x *tensor.Dense[T]) float64 {
	if !x.Valid() {
		panic(tensor.Error{Op: "RelError", Msg: "an array that is nil, or whose fields do not fit each other"})
	}
	if !slices.Equal(m.Shape(), x.Shape) {
		panic(tensor.Error{Op: "RelError", Msg: fmt.Sprintf("shapes %v and %v", m.Shape(), x.Shape)})
	}
	if x.Len() == 0 {
		return 0
	}
	x = x.Contiguous()
	all, norm := squaresOf(x), m.Norm()
	squares := all - 2*m.Tucker().InnerDense(nil, x) + norm*norm
	if least := fitting.LeastInner[T](); !(squares >= least*max(all, norm*norm)) {
		squares = data.NewResidual(nil, x).Squares(m.Tucker())
	}
	return fitting.RelError(squares, all)
}

// Stored returns the number of numbers that the model consists of, those of the core
// and of the factors: ΠJ_n + Σ I_n·J_n.
func (m *Model[T]) Stored() int {
	m.whole("Stored")
	n := m.Core.Len()
	for _, f := range m.Factors {
		if f != nil {
			n += f.Rows * f.Cols
		}
	}
	return n
}

// Component returns what component q of a mode contributes, as a model whose rank
// in that mode is 1: slice q of the core and column q of the factor, sharing memory
// with m. The arrays of all components of one mode sum up to that of the model. For
// a mode that is left alone the factor is a unit vector. It panics when there is no
// such component.
func (m *Model[T]) Component(mode, q int) *Model[T] {
	m.whole("Component")
	c := &Model[T]{Core: m.Core.Slice(mode, q, q+1), Factors: slices.Clone(m.Factors)}
	if f := m.Factors[mode]; f != nil {
		c.Factors[mode] = f.View(0, q, f.Rows, 1)
	} else {
		c.Factors[mode] = matrix.New[T](m.Core.Shape[mode], 1)
		c.Factors[mode].Set(q, 0, 1)
	}
	return c
}

// Orthogonalize turns the model, in place, into the one with orthonormal factors
// and a core as of an HOSVD for the same array: slices along each mode orthogonal
// to each other, in the order of their norms. Ranks that no orthonormal factor can
// have become smaller. The error wraps [ErrData] when the model is not finite.
// Cost 6·Σ I_n·J_n² + 26·|G|·Σ J_n flops.
func (m *Model[T]) Orthogonalize() error {
	if err := fitting.Whole("tucker", ErrShape, "Orthogonalize", m.whole); err != nil {
		return err
	}
	m.Core = m.Core.Clone()
	if err := m.orthonormalize(nil); err != nil {
		return err
	}
	if err := m.turn(nil); err != nil {
		return fmt.Errorf("%w: %w", ErrData, err)
	}
	return nil
}

// orthonormalize makes the factors orthonormal and lets the core take what that
// changes. A factor with more columns than rows becomes an identity.
func (m *Model[T]) orthonormalize(pool *par.Pool) error {
	turns := make([]*matrix.Dense[T], len(m.Factors))
	for n, f := range m.Factors {
		switch {
		case f == nil:
		case f.Rows < f.Cols:
			turns[n] = f
			m.Factors[n] = matrix.New[T](f.Rows, f.Rows)
			for i := range f.Rows {
				m.Factors[n].Set(i, i, 1)
			}
		default:
			q := f.Clone()
			r, ok := matrix.QR(pool, q)
			if !ok {
				return fmt.Errorf("tucker: %w: factor %d is not finite", ErrData, n)
			}
			turns[n], m.Factors[n] = matrix.Convert[T](r), q
		}
	}
	m.Core = tensor.MultiModeProduct(pool, m.Core, turns, false)
	return nil
}

// Norm is what [Model.Normalize] makes 1.
type Norm int

// The norms of a column.
const (
	// NormL2 is the Euclidean norm.
	NormL2 Norm = iota
	// NormL1 is the sum of the absolute values.
	NormL1
)

var norms = named.Enum[Norm]{Type: "Norm", Option: "norm", Err: ErrOption, Words: []string{"l2", "l1"}}

// String returns l1 or l2.
func (n Norm) String() string { return norms.String(n) }

// MarshalText returns the word that String returns, and an error for a value that
// does not exist.
func (n Norm) MarshalText() ([]byte, error) { return norms.Text(n) }

// UnmarshalText reads a word; the error wraps [ErrOption] and lists them all.
func (n *Norm) UnmarshalText(text []byte) error { return norms.Set(n, text) }

// Normalize divides every column of the factors by its norm, in place, and
// multiplies the slices of the core with what that takes away, so that the array
// stays what it is up to rounding. A column of zeros stays, and the slice of its
// component becomes 0. Where the slice would leave the range of T the column keeps
// what does not fit. Of a [Result] the penalties and what there is to say of the
// optimum remain those of the fit: they depend on the scale.
func (m *Model[T]) Normalize(n Norm) {
	m.whole("Normalize")
	m.Core = m.Core.Contiguous()
	for mode, f := range m.Factors {
		if f == nil {
			continue
		}
		for q := range f.Cols {
			norm := fitting.ColumnSize(f, q, n == NormL1)
			top := 0.0
			sliceOf(m.Core, mode, q, func(part []T) { top = max(top, fitting.Largest(part)) })
			norm = fitting.AtMost[T](norm, fitting.SizeOf(top))
			fitting.DivideColumn(f, q, norm)
			sliceOf(m.Core, mode, q, func(part []T) {
				for k, v := range part {
					part[k] = T(norm.Times(float64(v)))
				}
			})
		}
	}
}
