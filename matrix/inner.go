package matrix

import "polyad/asm"

// chunk is how many numbers a kernel gets at once: some microseconds, within
// which it cannot be interrupted.
const chunk = 8192

// Inner returns the inner product Σ a_ij·b_ij, accumulated in float64. It
// panics when the shapes differ.
func Inner[S, T Float](a *Dense[S], b *Dense[T]) float64 {
	a.checkFields("Inner")
	b.checkFields("Inner")
	if a.Rows != b.Rows || a.Cols != b.Cols {
		fail("Inner", "%d x %d and %d x %d", a.Rows, a.Cols, b.Rows, b.Cols)
	}
	var s float64
	if b, ok := any(b).(*Dense[S]); ok {
		ker := asm.For[S]()
		for i := 0; i < a.Rows; i++ {
			x, y := a.Row(i), b.Row(i)
			for j := 0; j < len(x); j += chunk {
				end := min(j+chunk, len(x))
				s += ker.Dot(x[j:end], y[j:end])
			}
		}
		return s
	}
	for i := 0; i < a.Rows; i++ {
		x, y := a.Row(i), b.Row(i)
		for j, v := range x {
			s += float64(v) * float64(y[j])
		}
	}
	return s
}

// Sum returns Σ m_ij, accumulated in float64.
func Sum[T Float](m *Dense[T]) float64 {
	m.checkFields("Sum")
	var s float64
	ker := asm.For[T]()
	for i := 0; i < m.Rows; i++ {
		row := m.Row(i)
		for j := 0; j < len(row); j += chunk {
			s += ker.Sum(row[j:min(j+chunk, len(row))])
		}
	}
	return s
}
