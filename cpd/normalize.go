package cpd

import (
	"math"
	"slices"

	"polyad/internal/fitting"
	"polyad/internal/named"
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

// Normalize divides every column by its norm, in place, and multiplies the weights
// with what that takes away, so that the array stays what it is up to rounding.
// A column of zeros stays, and the weight of its component becomes 0. Where the weight
// would leave the range of float64 the largest columns keep what does not fit. Of a
// [Result] the penalties and what there is to say of the optimum remain those of the
// fit: they depend on the scale.
func (m *Model[T]) Normalize(n Norm) {
	m.whole("Normalize")
	if m.Weights == nil {
		m.Weights = ones(m.Rank())
	}
	norms := make([]fitting.Size, len(m.Factors))
	for q, w := range m.Weights {
		all := fitting.SizeOf(math.Abs(w))
		order := make([]int, len(norms))
		for k, f := range m.Factors {
			norms[k], order[k] = fitting.ColumnSize(f, q, n == NormL1), k
			all = all.By(norms[k])
		}
		if whole := fitting.AtMost[float64](all, fitting.SizeOf(1)); whole != all {
			// The largest norms come last, so that they keep what does not fit.
			slices.SortStableFunc(order, func(a, b int) int {
				if norms[a].Less(norms[b]) {
					return -1
				}
				return 1
			})
			all = fitting.SizeOf(math.Abs(w))
			for _, k := range order {
				norms[k] = fitting.AtMost[float64](norms[k], all)
				all = all.By(norms[k])
			}
		}
		for k, f := range m.Factors {
			fitting.DivideColumn(f, q, norms[k])
		}
		m.Weights[q] = math.Copysign(all.Value(), w)
	}
}

// Sort puts the components, in place, into the order of the norms of their
// arrays, the largest first and equal ones in the order they have. Component k of
// the sorted model is component order[k] of the one before.
func (m *Model[T]) Sort() (order []int) {
	m.whole("Sort")
	order = fitting.Order(fitting.Energies(m.Weights, m.Factors))
	weights := slices.Clone(m.Weights)
	for k, q := range order {
		if weights != nil {
			m.Weights[k] = weights[q]
		}
	}
	for _, f := range m.Factors {
		fitting.OrderColumns(f, order)
	}
	return order
}

// Sort is [Model.Sort] that puts Pruned and Beta into the new order, too.
func (r *Result[T]) Sort() (order []int) {
	order = r.Model.Sort()
	r.Pruned = fitting.OrderFound(order, r.Beta, r.Pruned)
	return order
}
