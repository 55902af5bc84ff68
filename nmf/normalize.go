package nmf

import (
	"polyad/internal/fitting"
	"polyad/internal/named"
	"polyad/matrix"
)

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

// Normalize divides every column of W by its norm and multiplies the row of H
// with it, in place, so that W·H stays what it is up to rounding. A column of
// zeros stays, and so does its row. Where the row would leave the range of T the
// column keeps what does not fit. Of a [Result] the penalties and
// what there is to say of the optimum remain those of the fit: they depend on the
// scale.
func (m *Model[T]) Normalize(n Norm) {
	for k := range m.Rank() {
		h := m.H.Row(k)
		norm := fitting.ColumnSize(m.W, k, n == NormL1)
		if norm.Of == 0 {
			continue
		}
		norm = fitting.AtMost[T](norm, fitting.SizeOf(fitting.Largest(h)))
		fitting.DivideColumn(m.W, k, norm)
		for j, v := range h {
			h[j] = T(norm.Times(float64(v)))
		}
	}
}

// Sort puts the components, in place, into the order of their energies
// ‖w_k‖·‖h_k‖, the largest first and equal ones in the order they have. Component
// k of the sorted model is component order[k] of the one before.
func (m *Model[T]) Sort() (order []int) {
	m.whole("Sort")
	order = fitting.Order(fitting.Energies(nil, m.factors()))
	fitting.OrderColumns(m.W, order)
	h := m.H.Clone()
	for k, q := range order {
		copy(m.H.Row(k), h.Row(q))
	}
	return order
}

// Sort is [Model.Sort] that puts Pruned and Beta into the new order, too.
func (r *Result[T]) Sort() (order []int) {
	order = r.Model.Sort()
	r.Pruned = fitting.OrderFound(order, r.Beta, r.Pruned)
	return order
}

// ReconstructTo writes the tile of W·H with the shape of dst whose first element
// is at (i, j) into dst, so that a model of any size can be looked at or written
// in the memory of a tile. It panics when the tile goes beyond the model. Cost
// 2·r flops for each entry.
func (m *Model[T]) ReconstructTo(dst *matrix.Dense[T], i, j int) {
	m.whole("ReconstructTo")
	rows, cols := dst.Dims()
	matrix.Gemm(nil, false, false, 1, m.W.View(i, 0, rows, m.W.Cols), m.H.View(0, j, m.H.Rows, cols), 0, dst)
}
