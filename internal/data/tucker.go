package data

import (
	"math"
	"slices"

	"polyad/asm"
	"polyad/internal/par"
	"polyad/loss"
	"polyad/matrix"
	"polyad/tensor"
)

// Tucker is an N-way data array X as fits of Tucker models see it whose loss is a
// beta-divergence: a core J_0 x J_1 x … and factors I_n x J_n, nil for modes that
// are left as they are in the core. m is the current model, always of the same
// ranks. One method may be called at a time; results do not depend on the number
// of workers.
type Tucker[T asm.Float] interface {
	Shape() []int
	Stats() Stats

	// Changed says that the factor of a mode has changed, or for the mode N the
	// core; products that it is part of are not used any more. Reset says so of all.
	Changed(mode int)
	Reset()

	// Quotients makes a pass of the beta-divergence: with Y the model and B the
	// core times the factors of all other modes, it writes (X∘Y^(β-2))_(n)·B_(n)ᵀ
	// into num and Y^(β-1)_(n)·B_(n)ᵀ into den (both I_n x J_n); nil: it is not
	// computed. At β = 1 leave den nil, its rows are all alike.
	Quotients(num, den *matrix.Dense[T], l loss.Loss, mode int, m tensor.Tucker[T])
	// CoreQuotients does the same for the core: X∘Y^(β-2), and Y^(β-1), times the
	// transposed factors along all modes.
	CoreQuotients(num, den *tensor.Dense[T], l loss.Loss, m tensor.Tucker[T])

	// Loss returns D_β(X, Y) and ||X - Y||_F², the latter with the data as they
	// are, without a floor.
	Loss(l loss.Loss, m tensor.Tucker[T]) (divergence, squares float64)

	// ReduceFloat64 turns sums over the entries that are here into sums over all.
	ReduceFloat64(sums []float64)
}

// DenseTucker is a dense array in memory, times a scale that is a power of two and
// with a floor, as [Dense] has them. The model is a product along one mode s,
//
//	Y = M ×_s F_s,  M = G times all other factors,
//
// for which fewest operations are left to do with each entry of X, J_s or a few
// more. A pass computes a tile of it, of its quotients Q, and at once the tile's
// share of
//
//	Z = Q ×_s F_sᵀ  or, for s itself,  Q_(s)·M_(s)ᵀ.
//
// Nothing else meets arrays of the size of X. The other steps follow from Z, which
// is J_s/I_s as large: with P_n the core times all factors but those of s and n,
//
//	num_n = Z_(n)·P_n(n)ᵀ,  M = P_n ×_n F_n,  num_core = Z ×_n F_nᵀ for n ≠ s.
//
// M and P_n stay until something that they are made of changes: inner steps share
// P_n, and the step on the core the M of the last factor's step. A pass costs
// 4·|X|·J_s flops, 6·|X|·J_s with a denominator.
type DenseTucker[T asm.Float] struct {
	x       *tensor.Dense[T]
	ranks   []int
	pool    *par.Pool
	flat    *Dense[T]
	split   int // s
	l, i, r int // X as L x I_s x R

	work    tensor.Work[T]
	factors []*matrix.Dense[T] // those of a product
	m       *tensor.Dense[T]   // M
	valid   bool               // whether M is that of the model
	p       []*tensor.Dense[T] // P_n, sharing memory
	of      int                // the n whose P_n is there, -1: none
	z, zDen *tensor.Dense[T]
	pass    tuckerPass[T]
	product Contraction[T]
}

// NewTucker returns x times scale as data for models with a core of the given
// shape, entries of x below floor raised to it where floor > 0. kept marks modes
// that have no factor; nil: none, and never all. x is not empty and never written;
// it is copied when it is not contiguous.
func NewTucker[T asm.Float](pool *par.Pool, x *tensor.Dense[T], ranks []int, kept []bool, scale, floor float64) *DenseTucker[T] {
	return newTucker(pool, x, ranks, leastWork[T](x.Shape, ranks, kept), scale, floor)
}

// newTucker is NewTucker with the given mode s.
func newTucker[T asm.Float](pool *par.Pool, x *tensor.Dense[T], ranks []int, split int, scale, floor float64) *DenseTucker[T] {
	d := &DenseTucker[T]{x: x.Contiguous(), ranks: ranks, pool: pool, split: split, factors: make([]*matrix.Dense[T], len(ranks)), of: -1}
	d.l, d.i, d.r = d.x.Split(d.split)
	rows, cols := d.l*d.i, d.r
	if cols == 1 { // rows as long as can be
		rows, cols = d.l, d.i
	}
	d.flat = NewDense(matrix.Of(rows, cols, d.x.Data), scale, floor, pool.Workers())
	shape := slices.Clone(d.x.Shape)
	shape[d.split] = ranks[d.split]
	d.m, d.z = tensor.New[T](shape...), tensor.New[T](shape...)
	words := 0
	for n := range ranks {
		words = max(words, d.z.Len()/shape[n]*ranks[n])
	}
	memory := make([]T, words)
	for n, j := range ranks {
		size := shape[n]
		shape[n] = j
		d.p = append(d.p, tensor.Of(memory[:d.z.Len()/size*j], shape...))
		shape[n] = size
	}
	d.pass.init(d)
	return d
}

// leastWork returns the mode s of least work for an entry, counted in vectors: the
// model, about quotientWork for the quotient, one product, and what is done with
// M and Z.
func leastWork[T asm.Float](shape, ranks []int, kept []bool) (s int) {
	lanes := 64 / asm.SizeOf[T]()
	padded := func(n, unit int) float64 { return float64((n+unit-1)/unit*unit) / float64(n) }
	const quotientWork = 8
	least, behind := math.Inf(1), 1
	for n := len(ranks) - 1; n >= 0; n-- {
		size, rank := shape[n], float64(ranks[n])
		cost := padded(behind, lanes) * (2*rank + quotientWork)
		if behind == 1 {
			cost = padded(size, lanes)*(rank+quotientWork) + padded(ranks[n], lanes/2)*rank
		}
		for m, j := range ranks {
			if m != n {
				cost += 2 * rank / float64(size) * float64(j)
			}
		}
		if cost < least && (kept == nil || !kept[n]) {
			s, least = n, cost
		}
		behind *= size
	}
	return s
}

// Shape returns the sizes of the modes.
func (d *DenseTucker[T]) Shape() []int { return d.x.Shape }

// Stats returns the sums over the scaled data; all but Squares with the floor.
func (d *DenseTucker[T]) Stats() Stats { return d.flat.Stats() }

// ReduceFloat64 does nothing: all entries are here.
func (d *DenseTucker[T]) ReduceFloat64([]float64) {}

// Changed drops the products that a factor, or the core, is part of.
func (d *DenseTucker[T]) Changed(mode int) {
	if mode == d.split {
		return
	}
	d.valid = false
	if mode != d.of {
		d.of = -1
	}
}

// Reset drops all products.
func (d *DenseTucker[T]) Reset() { d.valid, d.of = false, -1 }

// others returns the factors but those of two modes.
func (d *DenseTucker[T]) others(m tensor.Tucker[T], a, b int) []*matrix.Dense[T] {
	copy(d.factors, m.Factors)
	d.factors[a], d.factors[b] = nil, nil
	return d.factors
}

// part makes P_n.
func (d *DenseTucker[T]) part(m tensor.Tucker[T], n int) *tensor.Dense[T] {
	if d.of != n {
		d.work.MultiModeProductTo(d.pool, d.p[n], m.Core, d.others(m, n, d.split), false)
		d.of = n
	}
	return d.p[n]
}

// model makes M.
func (d *DenseTucker[T]) model(m tensor.Tucker[T]) {
	switch {
	case d.valid:
	case d.of >= 0:
		d.work.ModeProductTo(d.pool, d.m, d.p[d.of], m.Factors[d.of], d.of, false)
	default:
		d.work.MultiModeProductTo(d.pool, d.m, m.Core, d.others(m, d.split, d.split), false)
	}
	d.valid = true
}

// Quotients makes a pass.
func (d *DenseTucker[T]) Quotients(num, den *matrix.Dense[T], l loss.Loss, mode int, m tensor.Tucker[T]) {
	if mode == d.split {
		d.model(m)
		d.pass.along(num, den, l, m.Factors[d.split])
		return
	}
	p := d.part(m, mode)
	d.model(m)
	d.contract(l, m, den != nil)
	d.product.To(d.pool, num, d.z, p, mode)
	if den != nil {
		d.product.To(d.pool, den, d.zDen, p, mode)
	}
}

// CoreQuotients makes a pass.
func (d *DenseTucker[T]) CoreQuotients(num, den *tensor.Dense[T], l loss.Loss, m tensor.Tucker[T]) {
	d.model(m)
	d.contract(l, m, den != nil)
	f := d.others(m, d.split, d.split)
	d.work.MultiModeProductTo(d.pool, num, d.z, f, true)
	if den != nil {
		d.work.MultiModeProductTo(d.pool, den, d.zDen, f, true)
	}
}

// contract makes a pass for Z, and for its denominator.
func (d *DenseTucker[T]) contract(l loss.Loss, m tensor.Tucker[T], powers bool) {
	var zDen []T
	if powers {
		if d.zDen == nil {
			d.zDen = tensor.New[T](d.z.Shape...)
		}
		zDen = d.zDen.Data
	}
	d.pass.across(d.z.Data, zDen, l, m.Factors[d.split])
}

// Loss makes a pass.
func (d *DenseTucker[T]) Loss(l loss.Loss, m tensor.Tucker[T]) (divergence, squares float64) {
	d.model(m)
	return d.pass.loss(l, m.Factors[d.split])
}
