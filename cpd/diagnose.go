package cpd

import (
	"fmt"
	"math"

	"polyad/internal/fitting"
	"polyad/matrix"
	"polyad/tensor"
)

// Congruence returns the cosines of the angles between the arrays of the
// components, r x r: the products over the modes of the cosines between their
// columns (Tucker's congruence), with the signs of the weights. Those with a
// component that is zero are 0. Cost Σ I_n·r² flops.
func (m *Model[T]) Congruence() *matrix.Dense[float64] {
	m.whole("Congruence")
	return fitting.Congruence(m.Weights, m.Factors)
}

// nearlyOpposite is the congruence below which two components are taken for a
// degenerate pair.
const nearlyOpposite = -.85

// Degenerate returns the two components that cancel most, with their congruence,
// when that is below -0.85: the sign of a degenerate solution, in which components
// grow against each other while only their sum fits the data (W. Krijnen, T.
// Dijkstra, A. Stegeman, Psychometrika 73, 2008). A ridge, nonnegativity or a lower
// rank mends it.
func (m *Model[T]) Degenerate() (p, q int, congruence float64, yes bool) {
	all := m.Congruence()
	for i := range all.Rows {
		for j := i + 1; j < all.Cols; j++ {
			if c := all.At(i, j); c < congruence {
				p, q, congruence = i, j, c
			}
		}
	}
	return p, q, congruence, congruence < nearlyOpposite
}

// Shares returns each component's part of the model, ⟨Y_q, Y⟩/||Y||², where Y_q is
// its array and Y their sum: they add up to 1, and are negative for components that
// others cancel. Those of a model that is zero are 0. Cost Σ I_n·r² flops.
func (m *Model[T]) Shares() []float64 {
	m.whole("Shares")
	return fitting.Shares(m.Weights, m.Factors)
}

// CoreConsistency returns how far x is explained by the components one by one and
// not by interactions between them, in percent: with the core G = x ×_n F_n⁺ that
// fits best to the factors, each component's columns of all modes made equally long,
// |w_q·Π_n ||f_q||_n||^(1/N) for N modes, so that the order of the modes does not
// matter, and I the array with ones where all indices are equal,
//
//	100·(1 - ||G - I||² / r)
//
// (R. Bro, H. Kiers, A new efficient method for determining the number of
// components in PARAFAC models, J. Chemometrics 17, 2003). Near 100 the rank is
// right or too low; it falls, also below 0, when it is too high. Components that
// are zero, or nothing beside the largest (by the precision of T), are left out;
// without any other it is 0. It does not depend on the scale of data and model
// together: both are taken relative to the largest component. The error wraps [ErrShape]
// when x does not fit, [ErrRank] when the core would have more than 2²⁶ entries,
// and [ErrData] when x is not finite. Cost about 2·|X|·r flops.
func (m *Model[T]) CoreConsistency(x *tensor.Dense[T]) (float64, error) {
	if err := fitting.CheckShape(tensorCheck(nil), x); err != nil {
		return 0, err
	}
	if err := fitting.Whole("cpd", ErrShape, "CoreConsistency", m.whole); err != nil {
		return 0, err
	}
	if len(m.Factors) != len(x.Shape) {
		return 0, fmt.Errorf("cpd: %w: the model has %d modes and the data the shape %v", ErrShape, len(m.Factors), x.Shape)
	}
	for n, f := range m.Factors {
		if f.Rows != x.Shape[n] {
			return 0, fmt.Errorf("cpd: %w: the model has the shape %v and the data %v", ErrShape, m.Shape(), x.Shape)
		}
	}
	energies, top := fitting.Energies(m.Weights, m.Factors), math.Inf(-1)
	for _, l := range energies {
		top = max(top, l)
	}
	var alive []int
	for q, l := range energies {
		if l-top >= math.Log(fitting.Precision[T]()) {
			alive = append(alive, q)
		}
	}
	r := len(alive)
	if size := math.Pow(float64(r), float64(len(x.Shape))); size > 1<<26 {
		return 0, fmt.Errorf("cpd: %w: the core of %d components in %d modes has %g entries", ErrRank, r, len(x.Shape), size)
	}
	if r == 0 {
		return 0, nil
	}
	// With D the lengths, D·(F·D)⁺ has no large entries, and what D divides by is
	// made up for entry by entry, in logarithms.
	var inverse []*matrix.Dense[T]
	logs := make([]float64, r) // of D
	for k, q := range alive {
		logs[k] = (energies[q] - top) / float64(len(m.Factors))
	}
	for n, factor := range m.Factors {
		f, part := matrix.Convert[float64](factor), matrix.New[float64](factor.Rows, r)
		for k, q := range alive {
			fitting.UnitColumn(f, q, false)
			length := math.Exp(logs[k])
			if n == 0 && m.Weights != nil && m.Weights[q] < 0 {
				length = -length
			}
			for i := range f.Rows {
				part.Set(i, k, length*f.At(i, q))
			}
		}
		p, ok := pseudoinverse(part, fitting.Precision[T]())
		if !ok {
			return 0, fmt.Errorf("cpd: %w: factor %d is not finite", ErrData, n)
		}
		for k := range r {
			for i, v := range p.Row(k) {
				p.Row(k)[i] = v * math.Exp(logs[k])
			}
		}
		inverse = append(inverse, matrix.Convert[T](p))
	}
	x = x.Contiguous()
	scale := fitting.FactorScale[T](fitting.Largest(x.Data[:x.Len()]), frobenius, 1)
	if scale != 1 {
		x = x.Clone()
		fitting.Rescale(x.Data, scale)
	}
	core := tensor.MultiModeProduct(nil, x, inverse, false)
	entries := make([]float64, len(core.Data))
	for i, v := range core.Data {
		log := -math.Log(scale) - top
		for e, n := i, 0; n < len(m.Factors); n++ {
			log -= logs[e%r]
			e /= r
		}
		g := float64(v)
		if g != 0 {
			g = math.Copysign(math.Exp(math.Log(math.Abs(g))+log), g)
		}
		entries[i] = g
	}
	var off float64
	step := 0 // from one entry of the diagonal to the next
	for range x.Shape {
		step = step*r + 1
	}
	for i, g := range entries {
		if i%step == 0 && i/step < r {
			g--
		}
		off += g * g
	}
	if off-off != 0 {
		return 0, fmt.Errorf("cpd: %w: the core is not finite", ErrData)
	}
	return 100 * (1 - off/float64(r)), nil
}

// pseudoinverse returns A⁺ (n x m) of an m x n matrix, singular values below eps
// times the larger side of the largest counting as 0.
func pseudoinverse(a *matrix.Dense[float64], eps float64) (*matrix.Dense[float64], bool) {
	u, s, v, ok := matrix.ThinSVD(nil, a)
	if !ok {
		return nil, false
	}
	for k, value := range s {
		f := 0.0
		if value > eps*float64(max(a.Rows, a.Cols))*s[0] {
			f = 1 / value
		}
		for i := range v.Rows {
			v.Row(i)[k] *= f
		}
	}
	p := matrix.New[float64](a.Cols, a.Rows)
	matrix.Gemm(nil, false, true, 1, v, u, 0, p)
	return p, true
}
