package cpd

import "polyad/internal/fitting"

// FixSigns turns the signs of columns in pairs, in place, so that the array stays
// the same: weights become positive, and in each column of all factors but one the
// first entry whose magnitude is within one percent of the column's largest is
// positive. The one that takes what is left is the last factor that has negative
// entries, so that nonnegative factors stay so. As in the Tensor Toolbox the largest
// entries decide (B. Bader, T. Kolda, ACM TOMS 32, 2006); that the signs of a
// component are free but for their product: R. Bro, E. Acar, T. Kolda, J.
// Chemometrics 22, 2008.
func (m *Model[T]) FixSigns() {
	m.whole("FixSigns")
	carrier := len(m.Factors) - 1
	for n, f := range m.Factors {
		if fitting.HasNegative(f) {
			carrier = n
		}
	}
	for q := range m.Rank() {
		turn := m.Weights != nil && m.Weights[q] < 0
		if turn {
			m.Weights[q] = -m.Weights[q]
		}
		for n, f := range m.Factors {
			if n != carrier && fitting.FixColumn(f, q) {
				turn = !turn
			}
		}
		if turn {
			fitting.NegateColumn(m.Factors[carrier], q)
		}
	}
}
