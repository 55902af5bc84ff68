package nnls

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"polyad/asm"
	"polyad/internal/par"
	"polyad/matrix"
	"polyad/reg"
)

// BPP minimizes ½||V - UᵀX||_F² + l1·ΣX + l2||X||_F² over X ≥ 0 (r x n) exactly,
// by block principal pivoting (Kim, Park, SIAM J. Sci. Comput. 33:3261, 2011).
// With G = UUᵀ and A = U·V each column x solves, for a set F of components,
//
//	(G + 2·l2·I)_FF·x_F = (a - l1)_F,   y = (G + 2·l2·I)·x - (a - l1),
//
// x being 0 outside F, and F is right when x ≥ 0 and y ≥ 0. Those that are wrong,
// x_k < 0 in F and y_k < 0 outside, change sides all at once as long as their
// number falls; when it has not fallen for three steps, only the last of them
// does, until it falls below its lowest (Murty's rule). That ends for every
// positive definite matrix, but not always soon: a column that has not ended
// after r + 20 steps goes on by an active set method, from the x it came with.
// Columns of one set share its factorization.
//
// Inside, component k is scaled by a power of two that brings its diagonal near
// 1, and everything is float64. A sign counts as wrong when it exceeds what
// rounding explains. A step costs |F|³/3 flops for each set and 2r² for each
// column.
type BPP[T asm.Float] struct {
	r, n           int
	l1, l2         float64
	l1Rows, l2Rows []float64 // per column of X, or nil
	leastRow       float64   // the smallest of l2Rows
	gram           []float64 // r x r, scaled
	diag           []float64 // its diagonal
	scale          []float64 // per component; 0 where the diagonal is 0
	ridge          float64   // what is added to a diagonal of 1 when that is needed
	ridges         int
	finite         bool
	patience       int // steps until columns go other ways
	largest        float64
	work           []bppWork
	task           par.Task // this, as Pool.Run takes it

	x, a *matrix.Dense[T] // of the call
}

// bppColumns is the number of columns in a block of work.
const bppColumns = 64

// bppWork is one worker's memory for a block of columns, one behind the other.
type bppWork struct {
	passive
	x, a        []float64 // scaled
	sets        []uint64  // F, words words a column
	words       int
	l2          []float64 // that of the column alone
	best, tries []int     // the fewest wrong signs, and steps left to get below
	z           []float64 // of [BPP.descend]
	active      []int     // columns that are not done
	diag        []float64
	wrong       []uint64
	compare     func(i, j int) int
	ridges      int
}

// CheckBPP returns an error wrapping [reg.ErrPenalty] when a term of the penalty
// has a degree other than 1 and 2.
func CheckBPP(p reg.Penalty) error { return checkQuadratic("anls", p) }

// NewBPP returns the solver for factors with r components of length n, the given
// penalty and pools of at most the given number of workers, or the error of
// [CheckBPP].
func NewBPP[T asm.Float](r, n int, p reg.Penalty, workers int) (*BPP[T], error) {
	if err := CheckBPP(p); err != nil {
		return nil, err
	}
	b := &BPP[T]{
		r: r, n: n, gram: make([]float64, r*r), diag: make([]float64, r), scale: make([]float64, r),
		ridge: 4 * float64(r) * 0x1p-52, largest: math.MaxFloat64, patience: 20 + r,
		work: make([]bppWork, max(workers, 1)),
	}
	if asm.SizeOf[T]() == 4 { // a right side is known to that precision
		b.ridge, b.largest = 0x1p-20, math.MaxFloat32
	}
	b.l1, b.l2, b.l1Rows, b.l2Rows = quadratic[float64](p, n)
	if len(b.l2Rows) > 0 {
		b.leastRow = slices.Min(b.l2Rows)
	}
	size := min(n, bppColumns)
	for i := range b.work {
		w := &b.work[i]
		words := (r + 63) / 64
		*w = bppWork{
			passive: newPassive(r), x: make([]float64, size*r), a: make([]float64, size*r),
			sets: make([]uint64, size*words), words: words, l2: make([]float64, size),
			best: make([]int, size), tries: make([]int, size), z: make([]float64, r), active: make([]int, 0, size),
			diag: make([]float64, r), wrong: make([]uint64, words),
		}
		w.compare = w.compareColumns
	}
	b.task = b
	return b, nil
}

// SetGram sets G. When G + 2·l2·I is singular to the precision of T, or nearly,
// each of its diagonal elements is raised by the same small share, 2⁻²⁰ for
// float32 and 4·r times the precision for float64; a component whose diagonal is
// 0 is left out and becomes 0.
func (b *BPP[T]) SetGram(g *matrix.Dense[float64]) {
	r := b.r
	b.finite, b.ridges = true, 0
	for k := range r {
		b.scale[k] = 0
		if d := g.At(k, k) + 2*b.l2; d > 0 {
			_, e := math.Frexp(d)
			b.scale[k] = math.Ldexp(1, -(e >> 1))
		}
	}
	all := &b.work[0]
	all.set = all.set[:0]
	for k := range r {
		for l, v := range g.Row(k) {
			b.finite = b.finite && v-v == 0
			if k == l {
				v += 2 * b.l2
			}
			v = v * b.scale[k] * b.scale[l]
			b.gram[k*r+l] = min(max(v, -2), 2) // no more in a Gram matrix
		}
		b.diag[k] = b.gram[k*r+k]
		if b.scale[k] > 0 {
			all.set = append(all.set, k)
		}
	}
	b.diagonal(all.diag, b.leastRow)
	if b.finite && all.factor(asm.For[float64](), b.gram, all.diag, b.ridge) > 0 {
		b.ridges = 1
		for k := range r {
			b.diag[k] *= 1 + b.ridge
			b.gram[k*r+k] = b.diag[k]
		}
	}
}

// diagonal sets diag to that of the scaled matrix with 2·l2 added to G.
func (b *BPP[T]) diagonal(diag []float64, l2 float64) {
	for k, d := range b.diag {
		diag[k] = min(d+2*l2*b.scale[k]*b.scale[k], 1e300)
	}
}

// Solve sets x (r x n) to the minimizer for the last G and the right sides a,
// r x n. Each column begins with the set of its positive components. Columns
// whose right side is not finite become NaN, all of them when G is not finite;
// values that are too large for T become its largest. Solve returns how many
// times a ridge made a matrix positive definite.
func (b *BPP[T]) Solve(pool *par.Pool, x, a *matrix.Dense[T]) (ridges int) {
	return b.solve(pool, b.task, x, a)
}

// solve runs the task over all blocks of columns.
func (b *BPP[T]) solve(pool *par.Pool, task par.Task, x, a *matrix.Dense[T]) (ridges int) {
	b.x, b.a = x, a
	pool.Run((b.n+bppColumns-1)/bppColumns, task)
	b.x, b.a = nil, nil
	ridges = b.ridges
	for i := range b.work {
		ridges += b.work[i].ridges
		b.work[i].ridges = 0
	}
	return ridges
}

// Do solves a block of columns.
func (b *BPP[T]) Do(block, worker int) {
	w := &b.work[worker]
	j0 := block * bppColumns
	columns := min(b.n-j0, bppColumns)
	b.load(w, j0, columns)
	ker := asm.For[float64]()
	for step := 0; len(w.active) > 0; step++ {
		if step == b.patience {
			for _, j := range w.active {
				b.descend(ker, w, j0, j)
			}
			break
		}
		slices.SortFunc(w.active, w.compare)
		kept := w.active[:0]
		for rest := w.active; len(rest) > 0; {
			n := 1
			for n < len(rest) && w.compare(rest[0], rest[n]) == 0 {
				n++
			}
			b.diagonal(w.diag, w.l2[rest[0]])
			w.gather(rest[0])
			w.ridges += w.factor(ker, b.gram, w.diag, b.ridge/4)
			for _, j := range rest[:n] {
				x, a, _ := w.column(j)
				w.solve(ker, x, a)
				if !b.exchange(ker, w, j) {
					kept = append(kept, j) // behind what is still to be read
				}
			}
			rest = rest[n:]
		}
		w.active = kept
	}
	b.store(w, j0, columns)
}

// load sets up columns j0….
func (b *BPP[T]) load(w *bppWork, j0, columns int) {
	r := b.r
	clear(w.sets[:columns*w.words])
	clear(w.x[:columns*r])
	for k, s := range b.scale {
		row, x := b.a.Row(k)[j0:j0+columns], b.x.Row(k)[j0:j0+columns]
		for j, v := range row {
			c := float64(v) - b.l1
			if b.l1Rows != nil {
				c -= b.l1Rows[j0+j]
			}
			if c-c != 0 || !b.finite {
				w.x[j*r] = math.NaN()
			}
			w.a[j*r+k] = min(max(c*s, -1e200), 1e200) // no more when ||v||² is finite
			if x[j] > 0 && s > 0 {
				w.sets[j*w.words+k/64] |= 1 << (k % 64)
			}
		}
	}
	w.active = w.active[:0]
	for j := range columns {
		w.best[j], w.tries[j] = r+1, 3
		w.l2[j] = 0
		if b.l2Rows != nil {
			w.l2[j] = b.l2Rows[j0+j]
		}
		if r > 0 && w.x[j*r] == 0 {
			w.active = append(w.active, j)
		}
	}
}

// store writes the solutions of columns j0…, negative ones as 0.
func (b *BPP[T]) store(w *bppWork, j0, columns int) {
	for k, s := range b.scale {
		row := b.x.Row(k)[j0 : j0+columns]
		for j := range row {
			v := w.x[j*b.r+k] * s
			if first := w.x[j*b.r]; first != first {
				v = first
			}
			row[j] = T(max(min(v, b.largest), 0))
		}
	}
}

// compareColumns orders columns by what they share a factorization by.
func (w *bppWork) compareColumns(i, j int) int {
	if c := cmp.Compare(w.l2[i], w.l2[j]); c != 0 {
		return c
	}
	return slices.Compare(w.sets[i*w.words:(i+1)*w.words], w.sets[j*w.words:(j+1)*w.words])
}

// gather makes F the set of column j.
func (w *bppWork) gather(j int) {
	w.set = w.set[:0]
	for i, word := range w.sets[j*w.words : (j+1)*w.words] {
		for ; word != 0; word &= word - 1 {
			w.set = append(w.set, 64*i+bits.TrailingZeros64(word))
		}
	}
}

// noise returns how far from 0 rounding may bring an element of y = a - G·x.
func noise(x, a []float64) float64 {
	var sum, largest float64
	for k, v := range x {
		sum += math.Abs(v)
		largest = max(largest, math.Abs(a[k]))
	}
	return 8 * float64(len(x)) * 0x1p-52 * (sum + largest)
}

// exchange lets components of column j change sides and reports whether none had
// to.
func (b *BPP[T]) exchange(ker *asm.Kernels[float64], w *bppWork, j int) (done bool) {
	x, a, set := w.column(j)
	r, within := len(x), noise(x, a)
	clear(w.wrong)
	count, last := 0, 0
	for k, v := range x {
		switch {
		case set[k/64]>>(k%64)&1 != 0:
			if v >= 0 {
				continue
			}
		case b.scale[k] == 0 || a[k]-ker.Dot(b.gram[k*r:k*r+r], x) <= within:
			continue
		}
		w.wrong[k/64] |= 1 << (k % 64)
		count++
		last = k
	}
	switch {
	case count == 0:
		return true
	case count < w.best[j]:
		w.best[j], w.tries[j] = count, 3
	case w.tries[j] > 0:
		w.tries[j]--
	default:
		set[last/64] ^= 1 << (last % 64)
		return false
	}
	for i, word := range w.wrong {
		set[i] ^= word
	}
	return false
}

// column returns x, a and F of a column.
func (w *bppWork) column(j int) (x, a []float64, set []uint64) {
	r := len(w.z)
	return w.x[j*r : j*r+r], w.a[j*r : j*r+r], w.sets[j*w.words : (j+1)*w.words]
}
