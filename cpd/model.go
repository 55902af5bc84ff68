package cpd

import (
	"fmt"

	"polyad/asm"
	"polyad/internal/data"
	"polyad/internal/fitting"
	"polyad/matrix"
	"polyad/ndio"
	"polyad/tensor"
)

// Model is a canonical polyadic model X ≈ Σ_q w_q · f_0q ∘ f_1q ∘ … of an array
// of shape I_0 x … x I_{N-1}: factor n is I_n x r, a component per column. Nil
// weights are ones.
type Model[T asm.Float] struct {
	Weights []float64
	Factors []*matrix.Dense[T]

	// Axes tell what the indices of each mode stand for; nil when nothing is known.
	// [Fit] leaves them nil, as an array has no names; set them, and [Model.Save],
	// [Load] and [Model.Transform] keep them.
	Axes []ndio.Axis
}

// Stored returns the number of numbers that the model consists of, those of the
// factors and of the weights when there are any.
func (m *Model[T]) Stored() int {
	m.whole("Stored")
	n := len(m.Weights)
	for _, f := range m.Factors {
		n += f.Rows * f.Cols
	}
	return n
}

// Rank returns the number of components r.
func (m *Model[T]) Rank() int { return m.CP().Rank() }

// Shape returns the sizes of the modes.
func (m *Model[T]) Shape() []int { return m.CP().Shape() }

// CP returns the model as package tensor knows it, sharing memory: for tiles
// ([tensor.CPTiles]) and other products.
func (m *Model[T]) CP() tensor.CP[T] {
	if m == nil {
		return tensor.CP[T]{}
	}
	return tensor.CP[T]{Weights: m.Weights, Factors: m.Factors}
}

// whole panics with a [tensor.Error] when the parts of the model do not fit each
// other.
func (m *Model[T]) whole(op string) { m.CP().Check(op) }

// Clone returns a copy of the model, nil for nil.
func (m *Model[T]) Clone() *Model[T] {
	if m == nil {
		return nil
	}
	c := &Model[T]{Weights: append([]float64(nil), m.Weights...), Axes: ndio.CloneAxes(m.Axes)}
	for _, f := range m.Factors {
		c.Factors = append(c.Factors, f.Clone())
	}
	return c
}

// Reconstruct returns the array that the model stands for. Cost 2·|X|·r flops.
func (m *Model[T]) Reconstruct() *tensor.Dense[T] { return m.CP().Reconstruct(nil) }

// Norm returns the Frobenius norm of the model without forming it. It cancels
// when components do. Cost Σ I_n·r² flops.
func (m *Model[T]) Norm() float64 { return m.CP().Norm() }

// Inner returns the inner product of two models of one shape, without forming
// them; ranks may differ. It panics when the shapes differ. Cost 2·Σ I_n·r_1·r_2
// flops.
func (m *Model[T]) Inner(o *Model[T]) float64 { return m.CP().Inner(o.CP()) }

// RelError returns ||X - model||_F / ||X||_F from the residual, in the memory of
// a tile. For an x that is all zero it is 0 when the model is zero too, else 1.
// It panics when the shapes differ. Cost 2·|X|·r flops.
func (m *Model[T]) RelError(x *tensor.Dense[T]) float64 {
	m.whole("RelError")
	cp := m.CP()
	if !x.Valid() {
		panic(tensor.Error{Op: "RelError", Msg: "an array that is nil, or whose fields do not fit each other"})
	}
	if len(x.Shape) != len(cp.Factors) {
		panic(tensor.Error{Op: "RelError", Msg: fmt.Sprintf("shapes %v and %v", cp.Shape(), x.Shape)})
	}
	for n, size := range cp.Shape() {
		if size != x.Shape[n] {
			panic(tensor.Error{Op: "RelError", Msg: fmt.Sprintf("shapes %v and %v", cp.Shape(), x.Shape)})
		}
	}
	if x.Len() == 0 {
		return 0
	}
	f := append([]*matrix.Dense[T](nil), m.Factors...)
	if m.Weights != nil {
		f[0] = weighted(f[0], m.Weights)
	}
	d := data.NewTensor(nil, x, m.Rank(), 1, 0, false)
	_, squares := d.Loss(frobenius, f)
	return fitting.RelError(squares, d.Stats().Squares)
}

// weighted returns a copy of a factor with its columns times weights.
func weighted[T asm.Float](f *matrix.Dense[T], weights []float64) *matrix.Dense[T] {
	f = f.Clone()
	for i := range f.Rows {
		row := f.Row(i)
		for q, w := range weights {
			row[q] = T(w * float64(row[q]))
		}
	}
	return f
}

func ones(r int) []float64 {
	w := make([]float64, r)
	for q := range w {
		w[q] = 1
	}
	return w
}
