package tensor

// Partial products that the MTTKRPs of several modes share. X summed over all
// modes but those of a set K,
//
//	P_K[i_K, q] = Σ X[…] · Π_{m∉K} f[m][i_m, q],
//
// gives the MTTKRP of each mode n in K by sums over K \ {n}, which are small. It is
// valid as long as the factors outside of K have not changed (A. Phan, P. Tichavský,
// A. Cichocki, IEEE TSP 61, 2013; O. Kaya, B. Uçar, Parallel CP decomposition of
// sparse tensors using dimension trees, 2016). When K holds the modes that come
// next, those summed over are the ones that were updated last, and what is left at
// the end of a sweep serves the next one (L. Ma, E. Solomonik, Efficient parallel
// CP decomposition with pairwise perturbation and multi-sweep dimension tree,
// IPDPS 2021).

import (
	"math/bits"
	"slices"

	"polyad/internal/par"
	"polyad/matrix"
)

// Tree computes MTTKRPs of one array again and again while factors change, and
// shares partial products between modes and sweeps: N modes that are updated in
// turn need N/(N-1) to 2 passes over the data for a sweep instead of N, as memory
// allows; three modes need 2 passes for the first sweep and 3 for two sweeps.
//
// The partial products take at most 1.2·|X|·r/min(I_n) elements, and never more
// than |X|/2: what does not fit is computed by [MTTKRP]. A tree serves one product
// at a time.
type Tree[T Float] struct {
	shape []int
	rank  int
	size  int
	work  Work[T]

	node    [2]partial[T] // from the data, and from the first one
	memory  []T           // of both
	from    *T            // the first element of the data that they belong to
	strides []int         // and how they lie
	clock   int
	changed []int // when each factor changed last
	asked   []int // when each mode was asked for last
	passes  int
}

// partial is the sum of the data over all modes but those of keep: for each
// component an array over keep. It belongs to the present factors when each of
// its columns is multiplied by scale.
type partial[T Float] struct {
	keep  modeSet // 0: nothing is here
	data  []T
	scale []float64
}

// NewTree returns a tree for arrays of the given shape and r components. It
// panics when a size is negative, or the order more than 64.
func NewTree[T Float](shape []int, rank int) *Tree[T] {
	size, ok := Elements(shape)
	if !ok || rank < 0 || rank > maxElements || len(shape) == 0 || len(shape) > maxOrder {
		fail("NewTree", "shape %v, %d components", shape, rank)
	}
	t := &Tree[T]{shape: slices.Clone(shape), rank: rank, size: size, changed: make([]int, len(shape)), asked: make([]int, len(shape))}
	for n := range shape { // as if the factors had just been set in turn
		t.changed[n] = n - len(shape)
	}
	for i := range t.node {
		t.node[i].scale = make([]float64, rank)
	}
	return t
}

// Changed says that the factor of a mode has changed, other than by [Tree.Scaled].
func (t *Tree[T]) Changed(mode int) {
	t.checkMode("Tree.Changed", mode)
	t.clock++
	t.changed[mode] = t.clock
	for i := range t.node {
		if !t.node[i].keep.has(mode) {
			t.node[i].keep = 0
		}
	}
}

// Scaled says that the columns of the factor of a mode were multiplied by s, as
// balancing does. What is kept is scaled along.
func (t *Tree[T]) Scaled(mode int, s []float64) {
	t.checkMode("Tree.Scaled", mode)
	if len(s) != t.rank {
		fail("Tree.Scaled", "%d scales for %d components", len(s), t.rank)
	}
	for i := range t.node {
		if !t.node[i].keep.has(mode) {
			times(t.node[i].scale, t.node[i].scale, s)
		}
	}
}

// Reset says that the data have changed.
func (t *Tree[T]) Reset() {
	t.check("Tree.Reset")
	for i := range t.node {
		t.node[i].keep = 0
	}
}

// Passes returns the number of times that the data were read.
func (t *Tree[T]) Passes() int {
	t.check("Tree.Passes")
	return t.passes
}

// Words returns the number of elements that there is memory for partial products
// for.
func (t *Tree[T]) Words() int {
	t.check("Tree.Words")
	return len(t.memory)
}

// check panics where there is no tree.
func (t *Tree[T]) check(op string) {
	if t == nil {
		fail(op, "the tree is nil")
	}
}

func (t *Tree[T]) checkMode(op string, mode int) {
	t.check(op)
	if mode < 0 || mode >= len(t.shape) {
		fail(op, "mode %d of shape %v", mode, t.shape)
	}
}

// MTTKRP is the function [MTTKRP], with f as [Tree.Changed] and [Tree.Scaled] were
// told, for an array x of the tree's shape. An array in other memory, or with other
// strides, than before is taken for new data. An x that is not contiguous is copied for each pass.
func (t *Tree[T]) MTTKRP(p *par.Pool, dst *matrix.Dense[T], x *Dense[T], f []*matrix.Dense[T], mode int) {
	t.check("Tree.MTTKRP")
	x.checkFactors("Tree.MTTKRP", dst, f, mode)
	if !slices.Equal(x.Shape, t.shape) || dst.Cols != t.rank {
		fail("Tree.MTTKRP", "shape %v and %d components in a tree for %v and %d", x.Shape, dst.Cols, t.shape, t.rank)
	}
	if t.size == 0 || t.rank == 0 {
		dst.Zero()
		return
	}
	if t.from != &x.Data[0] || !slices.Equal(t.strides, x.Strides) {
		t.from, t.strides = &x.Data[0], append(t.strides[:0], x.Strides...)
		t.Reset()
	}
	if !t.node[0].keep.has(mode) {
		keep := t.choose(mode)
		if bits.OnesCount64(uint64(keep)) < 2 {
			t.work.MTTKRP(p, dst, x, f, mode)
			t.asked[mode] = t.tick()
			t.passes++
			return
		}
		t.sum(p, x.Contiguous().Data, f, keep)
	}
	node := &t.node[0]
	if count := bits.OnesCount64(uint64(node.keep)); count > 2 {
		if !t.node[1].keep.has(mode) {
			t.split(p, f, mode, (count+1)/2)
		}
		node = &t.node[1]
	}
	t.contract(node, f, 1<<mode)
	t.work.tv.run(p, nil, dst, node.scale)
	t.asked[mode] = t.tick()
}

func (t *Tree[T]) tick() int {
	t.clock++
	return t.clock
}

// contract prepares the sum of a partial product over all modes but keep.
func (t *Tree[T]) contract(from *partial[T], f []*matrix.Dense[T], keep modeSet) {
	tv := &t.work.tv
	tv.x, tv.rank, tv.shape, tv.f = from.data, t.rank, t.shape, f
	tv.modes, tv.keep = from.keep, keep
}

// sum makes the first partial product, in one pass over the data.
func (t *Tree[T]) sum(p *par.Pool, x []T, f []*matrix.Dense[T], keep modeSet) {
	node := &t.node[0]
	words := t.words(keep)
	t.memory = grow(t.memory, words+t.halfOf(keep))
	t.node[1].keep = 0
	node.set(keep, t.memory[:words])
	t.passes++
	// The modes of keep, or the others, are neighbours.
	n := len(t.shape)
	all := modeRange(0, n)
	w := &t.work
	if run := all &^ keep; isRun(run) {
		lo, hi := bounds(run)
		l, i, r := t.product(0, lo), t.product(lo, hi), t.product(hi, n)
		if r > 1 {
			w.in.of(x, l, i, r, t.rank, f[lo:hi])
			w.in.run(p, node.data, l*r, r)
			return
		}
		// What is behind the run are modes of size 1, if any.
		w.out.x, w.out.l, w.out.i, w.out.r, w.out.rank = x, 1, l, i, t.rank
		w.out.a = nil
		w.out.b.set(f[lo:hi], t.rank, t.size)
		w.out.run(p, node.data, l, true)
		return
	}
	lo, hi := bounds(keep)
	w.out.x, w.out.l, w.out.i, w.out.r, w.out.rank = x, t.product(0, lo), t.product(lo, hi), t.product(hi, n), t.rank
	w.out.a = f[:lo]
	w.out.b.set(f[hi:], t.rank, t.size)
	w.out.run(p, node.data, w.out.i, true)
}

// halfOf returns the largest size of a partial product with half of the modes of
// one that has more than two.
func (t *Tree[T]) halfOf(keep modeSet) (words int) {
	count := bits.OnesCount64(uint64(keep))
	if count < 3 {
		return 0
	}
	for first := range t.shape {
		half := modeSet(0)
		for k, m := 0, first; keep.has(first) && k < (count+1)/2; k, m = k+1, next(m, 1, len(t.shape), keep) {
			half |= 1 << m
		}
		words = max(words, t.words(half))
	}
	return words
}

func (p *partial[T]) set(keep modeSet, data []T) {
	p.keep, p.data = keep, data
	for q := range p.scale {
		p.scale[q] = 1
	}
}

// split makes the second partial product from the first one, for mode and others
// of its modes.
func (t *Tree[T]) split(p *par.Pool, f []*matrix.Dense[T], mode, count int) {
	keep := t.run(mode, count, t.node[0].keep)
	first := len(t.node[0].data)
	t.node[1].set(keep, t.memory[first:first+t.words(keep)])
	copy(t.node[1].scale, t.node[0].scale)
	t.contract(&t.node[0], f, keep)
	t.work.tv.run(p, t.node[1].data, nil, nil)
}

// words returns the size of a partial product.
func (t *Tree[T]) words(keep modeSet) int {
	words := t.rank
	for n, s := range t.shape {
		if keep.has(n) {
			words *= s
		}
	}
	return words
}

// budget returns the number of elements that partial products may have.
func (t *Tree[T]) budget() int {
	return min(int(1.2*float64(t.size/slices.Min(t.shape))*float64(t.rank)), t.size/2)
}

func (t *Tree[T]) product(lo, hi int) int {
	size := 1
	for _, s := range t.shape[lo:hi] {
		size *= s
	}
	return size
}

// choose returns the modes that the next partial product is to keep: as many as
// cost least for each mode that it serves. A pass costs what reading the data or
// their products with r columns take, about rankPerRead to a read; a partial
// product is written and read, once more when there is a second one.
func (t *Tree[T]) choose(mode int) modeSet {
	const rankPerRead = 10
	pass := float64(t.size) * max(1, float64(t.rank)/rankPerRead)
	best, least := modeSet(1)<<mode, pass
	for count := 2; count < len(t.shape); count++ {
		keep := t.run(mode, count, modeRange(0, len(t.shape)))
		words := t.words(keep)
		if words+t.halfOf(keep) > t.budget() {
			continue
		}
		serves, reads := 1, 4.0
		if count > 2 {
			reads = 8
		}
		for m := range t.shape {
			if m != mode && keep.has(m) && !t.idle(m, mode) {
				serves++
			}
		}
		if cost := (pass + reads*float64(words)) / float64(serves); cost < least {
			best, least = keep, cost
		}
	}
	return best
}

// run returns count modes of a set, neighbours when its modes are arranged in a
// circle, with mode among them: those of which the last one to be updated was
// updated first, as they are expected to be updated next.
func (t *Tree[T]) run(mode, count int, of modeSet) modeSet {
	var best modeSet
	oldest := 0
	n := len(t.shape)
	for back := range count {
		start := mode
		for range back {
			start = next(start, n-1, n, of)
		}
		var keep modeSet
		newest := -n - 1
		for k, m := 0, start; k < count; k, m = k+1, next(m, 1, n, of) {
			keep |= 1 << m
			if m != mode {
				newest = max(newest, t.age(m, mode))
			}
		}
		if best == 0 || newest < oldest {
			best, oldest = keep, newest
		}
	}
	return best
}

// next returns the mode of a set that follows m on the circle of n modes in the
// given step.
func next(m, step, n int, of modeSet) int {
	for {
		m = (m + step) % n
		if of.has(m) {
			return m
		}
	}
}

// age returns when mode m changed last, or a time to come for one that is idle.
func (t *Tree[T]) age(m, mode int) int {
	if t.idle(m, mode) {
		return t.clock + 1
	}
	return t.changed[m]
}

// idle reports whether nobody asked for mode m since mode was asked for before:
// its factor is not being updated.
func (t *Tree[T]) idle(m, mode int) bool { return t.asked[m] < t.asked[mode] }

// isRun reports whether the modes of a set are neighbours.
func isRun(s modeSet) bool {
	lo, hi := bounds(s)
	return s == modeRange(lo, hi)
}

// bounds returns the first mode of a set and one more than the last.
func bounds(s modeSet) (lo, hi int) {
	return bits.TrailingZeros64(uint64(s)), bits.Len64(uint64(s))
}
