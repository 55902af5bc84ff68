package matrix

import (
	"math"

	"polyad/asm"
	"polyad/internal/par"
)

// Thin QR of a tall matrix by a tree of Householder factorizations (J. Demmel,
// L. Grigori, M. Hoemmen, J. Langou, Communication-optimal parallel and
// sequential QR and LU factorizations, SIAM J. Sci. Comput. 34, 2012): the rows
// are cut into blocks A_b = Q_b·R_b that fit a cache, the triangles R_b are
// stacked and factorized in the same way, [R_1; R_2; …] = [S_1; S_2; …]·R, and
// the blocks of Q are Q_b·S_b. Reflectors make Q orthonormal whatever A is.

// QR writes the thin QR factorization of an m x n matrix, m ≥ n, over it: a
// becomes Q (m x n) with orthonormal columns, and R (n x n, upper triangular, no
// negative number on its diagonal) is returned, so that A = Q·R. Columns that
// depend on those before them, columns of zeros among them, leave a zero, or
// rounding errors, on R's diagonal and some column in Q that is orthonormal to
// the others. Each column may have its own magnitude, as long as its norm is
// within the range of T.
//
// When a holds NaN or Inf, or the norm of a column overflows, ok is false and
// the content of a lost. QR panics when m < n. The blocks run in parallel on p;
// the result does not depend on the number of workers. Cost about 6·m·n² flops.
func QR[T Float](p *par.Pool, a *Dense[T]) (r *Dense[float64], ok bool) {
	return new(QRWork[T]).QR(p, a)
}

// QRWork is the memory that [QR] works with. One that is kept makes sure that
// nothing is allocated once a matrix of the same shape has been factorized with
// it; it serves one factorization at a time.
type QRWork[T Float] struct {
	levels []*qrLevel[T]
	r      *Dense[float64]
}

// QR is the function [QR] in this memory. The R that it returns is valid until the
// next call.
func (w *QRWork[T]) QR(p *par.Pool, a *Dense[T]) (r *Dense[float64], ok bool) {
	if w == nil {
		fail("QR", "the memory is nil")
	}
	a.checkFields("QR")
	if a.Rows < a.Cols {
		fail("QR", "%d x %d has more columns than rows", a.Rows, a.Cols)
	}
	if a.Cols == 0 {
		return New[float64](0, 0), true
	}
	return w.factorize(p, a, 0, asm.For[T]())
}

// qrRows is the least number of rows in a block of the tree, if there are so
// many; a block has at least twice as many rows as columns, so that each level
// of the tree has at most half the rows of the one below.
const qrRows = 256

func (q *QRWork[T]) factorize(p *par.Pool, a *Dense[T], depth int, ker *asm.Kernels[T]) (r *Dense[float64], ok bool) {
	if len(q.levels) == depth {
		q.levels = append(q.levels, &qrLevel[T]{})
	}
	t := q.levels[depth]
	t.reserve(p, a, ker)
	p.Run(t.blocks, t)
	for _, bad := range t.bad {
		if bad {
			return nil, false
		}
	}
	if t.blocks == 1 {
		if q.r == nil || q.r.Rows != a.Cols {
			q.r = New[float64](a.Cols, a.Cols)
		}
		r = q.r
		t.root(r)
	} else if r, ok = q.factorize(p, t.stack, depth+1, ker); !ok {
		return nil, false
	}
	t.second = true
	p.Run(t.blocks, t)
	return r, true
}

// qrLevel is one level of the tree. Its first pass leaves the reflectors in a
// and the triangles in stack; then stack holds the S_b, and the second pass
// leaves Q in a.
type qrLevel[T Float] struct {
	ker    *asm.Kernels[T]
	a      *Dense[T]
	blocks int
	stack  *Dense[T] // blocks·n x n
	tau    []T       // of the reflectors I - tau·v·vᵀ, n for each block
	bad    []bool    // by block: not finite
	second bool
	v, w   [][]T // by worker: the transpose of a block, columns along memory

	exponents []int // scratch of each block, n for each
}

// reserve sets the level up for a, in the memory of the last one where its shape is
// the same.
func (t *qrLevel[T]) reserve(p *par.Pool, a *Dense[T], ker *asm.Kernels[T]) {
	n, workers := a.Cols, p.Workers()
	blocks := max(1, a.Rows/max(qrRows, 2*n))
	rows := (a.Rows + blocks - 1) / blocks
	same := t.blocks == blocks && t.stack.Cols == n && len(t.v) == workers && len(t.v[0]) == n*rows
	t.ker, t.a, t.blocks, t.second = ker, a, blocks, false
	if same {
		return
	}
	t.stack = New[T](blocks*n, n)
	t.tau, t.bad, t.exponents = make([]T, blocks*n), make([]bool, blocks), make([]int, blocks*n)
	t.v, t.w = nil, nil
	for range workers {
		t.v, t.w = append(t.v, make([]T, n*rows)), append(t.w, make([]T, n*rows))
	}
}

// Do runs the current pass over one block of rows.
func (t *qrLevel[T]) Do(b, worker int) {
	n := t.a.Cols
	i0, i1 := b*t.a.Rows/t.blocks, (b+1)*t.a.Rows/t.blocks
	block := t.a.block(i0, 0, i1-i0, n)
	v := &Dense[T]{Rows: n, Cols: i1 - i0, Stride: i1 - i0, Data: t.v[worker]}
	block.TransposeTo(v)
	s := t.stack.block(b*n, 0, n, n)
	tau := t.tau[b*n : (b+1)*n]
	if !t.second {
		t.bad[b] = !reflectors(t.ker, v, tau, &s, t.exponents[b*n:(b+1)*n])
		v.TransposeTo(&block)
		return
	}
	w := &Dense[T]{Rows: n, Cols: v.Cols, Stride: v.Cols, Data: t.w[worker]}
	for k := range n {
		row := w.Row(k)
		clear(row)
		for i := range n {
			row[i] = s.Data[i*s.Stride+k]
		}
	}
	for j := n - 1; j >= 0; j-- {
		first := 0
		if t.blocks == 1 {
			first = j // the columns before it are still those of a diagonal
		}
		mirror(t.ker, v.Row(j)[j:], tau[j], w, first, j)
	}
	w.TransposeTo(&block)
}

// root takes R from the only block of the last level, with a diagonal that is
// not negative, and leaves the signs that make it so as the block's S.
func (t *qrLevel[T]) root(r *Dense[float64]) {
	for i, x := range t.stack.Data {
		r.Data[i] = float64(x)
	}
	t.stack.Zero()
	for i := range r.Rows {
		t.stack.Set(i, i, 1)
		if r.At(i, i) < 0 {
			t.stack.Set(i, i, -1)
			for k, x := range r.Row(i)[i:] {
				r.Set(i, i+k, -x)
			}
		}
	}
}

// reflectors replaces the columns of a block, which are the rows of v, by the
// reflectors H_1, H_2, … with H_n·…·H_1·A_b = [R_b; 0], and writes R_b.
func reflectors[T Float](ker *asm.Kernels[T], v *Dense[T], tau []T, r *Dense[T], exponents []int) (ok bool) {
	n := v.Rows
	tiny := 0x1p-200 // of a square that counts as none beside a norm near 1
	if asm.SizeOf[T]() == 8 {
		tiny = 0x1p-960
	}
	for k := range n {
		if exponents[k], ok = normalize(ker, v.Row(k)); !ok {
			return false
		}
	}
	for j := range n {
		x := v.Row(j)[j:]
		head, tail := float64(x[0]), ker.SumSquares(x[1:])
		diagonal := head
		if x[0], tau[j] = 1, 0; tail > tiny {
			diagonal = -math.Copysign(math.Sqrt(head*head+tail), head)
			tau[j] = T((diagonal - head) / diagonal)
			scale := T(1 / (head - diagonal))
			ker.Scale(x[1:], scale)
			mirror(ker, x, tau[j], v, j+1, j)
		}
		row := r.Row(j)
		clear(row[:j])
		row[j] = power(T(diagonal), exponents[j])
		for k := j + 1; k < n; k++ {
			row[k] = power(v.Data[k*v.Stride+j], exponents[k])
		}
		if _, ok = largest(row); !ok {
			return false // the norm of a column overflows
		}
	}
	return true
}

// mirror applies the reflector I - tau·x·xᵀ to the parts from element j on of
// the rows of w from the given one on.
func mirror[T Float](ker *asm.Kernels[T], x []T, tau T, w *Dense[T], first, j int) {
	if tau == 0 {
		return
	}
	for k := first; k < w.Rows; k++ {
		y := w.Row(k)[j:]
		ker.Axpy(-tau*T(ker.Dot(x, y)), x, y)
	}
}

// normalize multiplies x by a power of two, 2^-e, that brings its norm near 1
// unless it is not far from there; ok is false when x is not finite.
func normalize[T Float](ker *asm.Kernels[T], x []T) (e int, ok bool) {
	s := ker.SumSquares(x)
	if s > 0x1p-80 && s < 0x1p80 {
		return 0, true
	}
	top, ok := largest(x)
	if top == 0 || !ok {
		return 0, ok
	}
	e = exponent(top)
	for i, v := range x {
		x[i] = power(v, -e)
	}
	return e, true
}

// largest returns the largest magnitude in x, and whether all of x is finite.
func largest[T Float](x []T) (top float64, ok bool) {
	for _, v := range x {
		if v-v != 0 {
			return 0, false
		}
		top = max(top, math.Abs(float64(v)))
	}
	return top, true
}

// exponent returns e with 2^-e·top in [1/2, 1), or near it for a number at the
// very ends of the range, where 2^-e or 2^e would leave it.
func exponent(top float64) int {
	_, e := math.Frexp(top)
	return max(-1000, min(e, 1000))
}

// power returns x·2^e, |e| ≤ 1000.
func power[T Float](x T, e int) T {
	if e == 0 {
		return x
	}
	return T(float64(x) * math.Float64frombits(uint64(1023+e)<<52))
}
