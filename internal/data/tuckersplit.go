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

// tuckerSplit makes passes over a dense array in memory, times a scale that is a power
// of two, with a floor and with missing entries, as [Dense] and [Masked] have them. The
// model is a product along one mode s,
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
type tuckerSplit[T asm.Float] struct {
	x       *tensor.Dense[T]
	ranks   []int
	pool    *par.Pool
	flat    *Dense[T]
	matrix  Matrix[T] // flat, as one whose entries may be missing
	split   int       // s
	l, i, r int       // X as L x I_s x R

	work    tensor.Work[T]
	factors []*matrix.Dense[T] // those of a product
	m       *tensor.Dense[T]   // M
	valid   bool               // whether M is that of the model
	p       []*tensor.Dense[T] // P_n, sharing memory
	of      int                // the n whose P_n is there, -1: none
	z, zDen *tensor.Dense[T]
	pass    tuckerPass[T]
	sums    Contraction[T]
}

// newTuckerSplit sees contiguous data, that miss entries where a mask says so, as a
// product along the given mode.
func newTuckerSplit[T asm.Float](pool *par.Pool, x *tensor.Dense[T], mask *tensor.Mask, ranks []int, split int, scale, floor float64) *tuckerSplit[T] {
	d := &tuckerSplit[T]{x: x, ranks: ranks, pool: pool, split: split, factors: make([]*matrix.Dense[T], len(ranks)), of: -1}
	d.l, d.i, d.r = d.x.Split(d.split)
	rows, cols := d.l*d.i, d.r
	if cols == 1 { // rows as long as can be
		rows, cols = d.l, d.i
	}
	flat := matrix.Of(rows, cols, d.x.Data)
	if mask == nil {
		d.flat = NewDense(flat, scale, floor, pool.Workers())
		d.matrix = d.flat
	} else {
		masked := NewMasked(flat, mask.Matrix(rows, cols), scale, floor, pool.Workers())
		d.flat, d.matrix = masked.Dense, masked
	}
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

// changed drops the products that a factor, or the core, is part of.
func (d *tuckerSplit[T]) changed(mode int) {
	if mode == d.split {
		return
	}
	d.valid = false
	if mode != d.of {
		d.of = -1
	}
}

// reset drops all products.
func (d *tuckerSplit[T]) reset() { d.valid, d.of = false, -1 }

// others returns the factors but those of two modes.
func (d *tuckerSplit[T]) others(m tensor.Tucker[T], a, b int) []*matrix.Dense[T] {
	copy(d.factors, m.Factors)
	d.factors[a], d.factors[b] = nil, nil
	return d.factors
}

// part makes P_n.
func (d *tuckerSplit[T]) part(m tensor.Tucker[T], n int) *tensor.Dense[T] {
	if d.of != n {
		d.work.MultiModeProductTo(d.pool, d.p[n], m.Core, d.others(m, n, d.split), false)
		d.of = n
	}
	return d.p[n]
}

// product makes M.
func (d *tuckerSplit[T]) product(m tensor.Tucker[T]) {
	switch {
	case d.valid:
	case d.of >= 0:
		d.work.ModeProductTo(d.pool, d.m, d.p[d.of], m.Factors[d.of], d.of, false)
	default:
		d.work.MultiModeProductTo(d.pool, d.m, m.Core, d.others(m, d.split, d.split), false)
	}
	d.valid = true
}

// quotients makes a pass, see [Tucker].
func (d *tuckerSplit[T]) quotients(num, den *matrix.Dense[T], l loss.Loss, mode int, m tensor.Tucker[T]) {
	if mode == d.split {
		d.product(m)
		d.pass.along(num, den, l, m.Factors[d.split])
		return
	}
	p := d.part(m, mode)
	d.product(m)
	d.contract(l, m, den != nil)
	d.sums.To(d.pool, num, d.z, p, mode)
	if den != nil {
		d.sums.To(d.pool, den, d.zDen, p, mode)
	}
}

// coreQuotients makes a pass, see [Tucker].
func (d *tuckerSplit[T]) coreQuotients(num, den *tensor.Dense[T], l loss.Loss, m tensor.Tucker[T]) {
	d.product(m)
	d.contract(l, m, den != nil)
	f := d.others(m, d.split, d.split)
	d.work.MultiModeProductTo(d.pool, num, d.z, f, true)
	if den != nil {
		d.work.MultiModeProductTo(d.pool, den, d.zDen, f, true)
	}
}

// contract makes a pass for Z, and for its denominator.
func (d *tuckerSplit[T]) contract(l loss.Loss, m tensor.Tucker[T], powers bool) {
	var zDen []T
	if powers {
		if d.zDen == nil {
			d.zDen = tensor.New[T](d.z.Shape...)
		}
		zDen = d.zDen.Data
	}
	d.pass.across(d.z.Data, zDen, l, m.Factors[d.split])
}

// loss makes a pass, see [Tucker].
func (d *tuckerSplit[T]) loss(l loss.Loss, m tensor.Tucker[T]) (divergence, squares float64) {
	d.product(m)
	return d.pass.loss(l, m.Factors[d.split])
}
