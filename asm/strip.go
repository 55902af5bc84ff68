package asm

// Strip holds the kernels that finish the rows of a strip of columns of X in
// order, each from the others. Those of the last strip of a table obey last:
// they read and write the first last columns only, 1 ≤ last ≤ Cols. The others
// have all their columns.
//
// HALS makes a sweep of coordinate descent over the rows k0 … k1-1 of r,
//
//	if inv[k] != 0 { x[k*xRow+j] = max((a[k*aRow+j] - l1 - Σ_{s≠k} g[k*gRow+s]*x[s*xRow+j]) * inv[k], floor) }
//
// and returns the squared change of X, accumulated in float64. Where NaN comes
// out, NaN is what X holds, whatever the floor, which is a number.
//
// Solve makes a substitution for the rows k0 … k1-1; the rows above are done.
// Steps may be negative, and all elements are counted from the first row that
// is visited:
//
//	x[k*xRow+j] = (x[k*xRow+j] - Σ_{s<k} l[k*lRow+s*lCol]*x[s*xRow+j]) * inv[k*invStep]
type Strip[T Float] struct {
	Cols  int
	HALS  func(k0, k1, r int, g *T, gRow int, a *T, aRow int, x *T, xRow int, inv *T, l1, floor T, last int) (change float64)
	Solve func(k0, k1 int, l *T, lRow, lCol int, x *T, xRow int, inv *T, invStep, last int)
}

// stripWork is the number of multiplications that one call of a strip's kernel
// may make: less than 100 µs of them, as assembly cannot be preempted.
const stripWork = 1 << 21

// rows is the number of rows of r to finish in one call, a multiple of the
// groups in which the kernels work.
func (s *Strip[T]) rows(r int) int { return max(stripWork/(r*s.Cols)&^3, 4) }

// widest returns the widest of the strips that n columns fill, or the narrowest.
func (ker *Kernels[T]) widest(n int) *Strip[T] {
	i := 0
	for i < len(ker.Strips)-1 && ker.Strips[i].Cols > n {
		i++
	}
	return &ker.Strips[i]
}

// HALS makes a sweep over the components of nonnegative factors X (r x n), each
// column of which minimizes ½xᵀGx - aᵀx + l1·Σx (+ l2·Σx², which is inv's
// business): for k = 0 … r-1
//
//	x_k ← max(floor, (a_k - l1 - Σ_{s≠k} G_ks·x_s) · inv_k)
//
// with inv_k = 1/(G_kk + 2·l2); rows whose inv_k is 0 stay as they are. It
// returns the squared Frobenius norm of the change. The diagonal of G is not
// read. Columns do not depend on each other: however they are cut, every one
// gets the same bits. Cost 2·n·r² flops.
//
// The columns are worked on in strips, all components of one before the next,
// so that a strip of X stays in the first-level cache. Rows whose distance is a
// multiple of 4096 bytes get into each other's way there; leave a cache line
// between them.
func (ker *Kernels[T]) HALS(r, n int, g []T, gRow int, a []T, aRow int, x []T, xRow int, inv []T, l1, floor T) (change float64) {
	if r == 0 || n == 0 {
		return 0
	}
	// The last elements are looked at once here, so that no strip goes beyond.
	_, _, _, _ = g[(r-1)*gRow+r-1], a[(r-1)*aRow+n-1], x[(r-1)*xRow+n-1], inv[r-1]
	for j := 0; j < n; {
		s := ker.widest(n - j)
		w := min(s.Cols, n-j)
		for k, rows := 0, s.rows(r); k < r; k += rows {
			change += s.HALS(k, min(k+rows, r), r, &g[0], gRow, &a[j], aRow, &x[j], xRow, &inv[0], l1, floor, w)
		}
		j += w
	}
	return change
}

// SolveLower replaces X (r x n) by the solution of L·Y = X, or with transposed
// of Lᵀ·Y = X, where L is the lower triangle of a matrix and inv holds 1 over
// its diagonal, which is not read, nor is what lies above it. However the columns
// are cut, every one gets the same bits. Cost n·r² flops.
func (ker *Kernels[T]) SolveLower(r, n int, l []T, lRow int, transposed bool, inv []T, x []T, xRow int) {
	if r == 0 || n == 0 {
		return
	}
	_, _, _ = l[(r-1)*lRow+r-1], x[(r-1)*xRow+n-1], inv[r-1]
	first, row, col, step := 0, lRow, 1, 1
	if transposed { // row k of what is solved is column r-1-k of L, from below
		first, row, col, step = r-1, -1, -lRow, -1
	}
	for j := 0; j < n; {
		s := ker.widest(n - j)
		w := min(s.Cols, n-j)
		for k, rows := 0, s.rows(r); k < r; k += rows {
			s.Solve(k, min(k+rows, r), &l[first*lRow+first], row, col, &x[first*xRow+j], step*xRow, &inv[first], step, w)
		}
		j += w
	}
}
