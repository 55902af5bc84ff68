package tucker

import "polyad/internal/fitting"

// FixSigns turns the signs of the factors' columns and of the slices of the core
// that belong to them, in place, so that the array stays the same and in each column
// the first entry whose magnitude is within one percent of the column's largest is
// positive. The core takes what is left. So do the signs of an SVD become unique in
// other packages (the largest entry of each singular vector is positive); what the
// data say of them: R. Bro, E. Acar, T. Kolda, J. Chemometrics 22, 2008.
func (m *Model[T]) FixSigns() {
	m.whole("FixSigns")
	m.Core = m.Core.Contiguous()
	for n, f := range m.Factors {
		if f == nil {
			continue
		}
		for q := range f.Cols {
			if fitting.FixColumn(f, q) {
				scaleSlice(m.Core, n, q, -1)
			}
		}
	}
}
