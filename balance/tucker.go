package balance

import (
	"math"

	"polyad/asm"
	"polyad/matrix"
	"polyad/reg"
	"polyad/tensor"
)

// Tucker is a Tucker model with its penalties: a core J_0 x J_1 x … times a
// factor I_n x J_n along each mode.
type Tucker[T asm.Float] struct {
	// Core is contiguous. In its penalty the rows are its entries: row weights are
	// one for each.
	Core        *tensor.Dense[T]
	CorePenalty reg.Penalty
	Factors     []reg.Block[T] // none transposed, and without frozen components
	// Blocks that are fixed neither count nor change. The factor of a mode that is
	// left as it is in the core is fixed, and is not looked at.
	FixedCore bool
	Fixed     []bool // one for each mode; nil: none
	// Entries of free blocks at Eps are taken for zeros, and raised to it at the
	// end; 0: no floor.
	Eps T

	flat matrix.Dense[T] // the core as one column
	logs []float64       // scales of its entries
}

// block returns the core as a block of one column.
func (m *Tucker[T]) block() reg.Block[T] {
	n := m.Core.Len()
	m.flat = matrix.Dense[T]{Rows: n, Cols: 1, Stride: 1, Data: m.Core.Data}
	return reg.Block[T]{X: &m.flat, Penalty: m.CorePenalty}
}

func (m *Tucker[T]) fixed(n int) bool { return m.Fixed != nil && m.Fixed[n] }

// TuckerScales is how the blocks of a Tucker model are scaled.
type TuckerScales struct {
	// Log[n][q] is the logarithm of the scale of column q of factor n. An entry of
	// the core is divided by the scales of the columns that it belongs to. -Inf
	// marks a pruned component, column and slice of the core being zero.
	Log    [][]float64
	Pruned [][]int // components, for each mode
	// Sweeps is the number of Sinkhorn sweeps that were made, and Residual the
	// largest |log(β_column/β_slice)| that the last one met.
	Sweeps   int
	Residual float64
}

// Apply scales a model in place: entries at the floor count as zeros, and in the
// end everything free is raised to it.
func (m *Tucker[T]) Apply(s *TuckerScales) {
	m.clear()
	for n, f := range m.Factors {
		if !m.fixed(n) {
			f.Scale(s.Log[n])
			f.Floor(m.Eps)
		}
	}
	if m.FixedCore {
		return
	}
	g := m.Core.Data[:m.Core.Len()]
	for e, l := range m.scales(s) {
		if g[e] != 0 && l != 0 {
			g[e] = scaled(g[e], l)
		}
	}
	m.block().Floor(m.Eps)
}

// clear takes entries of free blocks at the floor for zeros.
func (m *Tucker[T]) clear() {
	for n, f := range m.Factors {
		if !m.fixed(n) {
			f.Clear(m.Eps)
		}
	}
	if !m.FixedCore {
		m.block().Clear(m.Eps)
	}
}

// core returns the logarithm of the scale of entry e of the core.
func (s *TuckerScales) core(shape []int, e int) (log float64) {
	for n := len(shape) - 1; n >= 0; n-- {
		l := s.Log[n][e%shape[n]]
		if math.IsInf(l, -1) {
			return l
		}
		log -= l
		e /= shape[n]
	}
	return log
}

// scales returns [TuckerScales.core] of all entries, valid until the next call: those
// of the products of the first modes, then of one mode more, and so on.
func (m *Tucker[T]) scales(s *TuckerScales) []float64 {
	if len(m.logs) != m.Core.Len() {
		m.logs = make([]float64, m.Core.Len())
	}
	if len(m.logs) == 0 {
		return nil
	}
	m.logs[0] = 0
	for n, size := 0, 1; n < len(s.Log); n++ {
		j := len(s.Log[n])
		for i := size - 1; i >= 0; i-- {
			before := m.logs[i]
			to := m.logs[i*j : (i+1)*j]
			for q, l := range s.Log[n] {
				if to[q] = before - l; math.IsInf(l, -1) || math.IsInf(before, -1) {
					to[q] = math.Inf(-1)
				}
			}
		}
		size *= j
	}
	return m.logs
}

// scaled returns v·e^log, also where e^log is out of range and the product is not.
func scaled[T asm.Float](v T, log float64) T {
	if math.Abs(log) < 700 {
		return T(float64(v) * math.Exp(log))
	}
	return T(math.Copysign(math.Exp(log+math.Log(math.Abs(float64(v)))), float64(v)))
}

// Scalar scales the free blocks of a Tucker model as wholes, in place: with one
// common scale for each block, their product being 1, it minimizes the sum of the
// penalties. At the end all blocks b have the same
//
//	β = Σ_terms p·mu·g(b).
//
// A component whose column or whose slice of the core is zero becomes zero in
// both. Where a free block has no penalty nothing is scaled.
func Scalar[T asm.Float](m *Tucker[T]) *TuckerScales {
	return NewTuckerBalancer(m).Scalar()
}

// Sinkhorn scales the columns of the factors of a Tucker model against the slices
// of its core, in place. A sweep takes the modes in turn and minimizes, for each
// component q of a mode n, the penalties over the scale of column q of the factor,
// slice q of the core being divided by it: with one degree for each block
//
//	λ = ( p_G·c / (p_n·r) )^(1/(p_n+p_G)),  r = mu_n·g_n(column),  c = mu_G·g_G(slice),
//
// otherwise a scalar equation is solved. The reconstruction stays the same. The
// penalties fall, and converge to their least value over all such scales, where
//
//	p_n·mu_n·g_n(X_n[:, q]) = p_G·mu_G·g_G(slice q of mode n)   for all n and q.
//
// With sweeps > 0 exactly so many are made. Otherwise blocks are first scaled as
// by [Scalar], and sweeps follow until both sides agree to 1e-10, relatively, at
// most 500. A component whose column or whose slice is zero becomes zero in both.
// With a fixed core there is nothing between columns and slices, and this is
// [Scalar]. Cost Σ_n I_n·J_n and |G| exponentials, and for each sweep 2·N·|G|
// flops for each term of the core's penalty.
func Sinkhorn[T asm.Float](m *Tucker[T], sweeps int) *TuckerScales {
	return NewTuckerBalancer(m).Sinkhorn(sweeps)
}

// TuckerBalancer balances the same Tucker model again and again; after the first
// time it allocates nothing.
type TuckerBalancer[T asm.Float] struct {
	m      *Tucker[T]
	active []reg.Penalty // of the factors, then of the core
	cols   []*reg.Columns
	whole  []*reg.Columns // of the free blocks, as one component
	common Scales
	sweep  sinkhorn[T]
	scales TuckerScales
	over   func() bool // nil: all sweeps are made
}

// NewTuckerBalancer returns a balancer of a model, which its methods change in
// place.
func NewTuckerBalancer[T asm.Float](m *Tucker[T]) *TuckerBalancer[T] {
	b := &TuckerBalancer[T]{m: m}
	for n, f := range m.Factors {
		j := m.Core.Shape[n]
		b.active = append(b.active, f.Penalty.Active())
		b.cols = append(b.cols, reg.NewColumns(f.Penalty, j))
		b.scales.Log = append(b.scales.Log, make([]float64, j))
		b.scales.Pruned = append(b.scales.Pruned, make([]int, 0, j))
		if !m.fixed(n) {
			b.whole = append(b.whole, reg.NewColumns(f.Penalty, 1))
		}
	}
	b.active = append(b.active, m.CorePenalty.Active())
	b.cols = append(b.cols, reg.NewColumns(m.CorePenalty, 1))
	if !m.FixedCore {
		b.whole = append(b.whole, reg.NewColumns(m.CorePenalty, 1))
	}
	b.sweep.init(b)
	return b
}

// Until lets balancing end early: once over reports true no further Sinkhorn sweep
// is made. The model is then balanced as far as the sweeps before have come, and
// stands for the same array.
func (b *TuckerBalancer[T]) Until(over func() bool) { b.over = over }

// Scalar is the function [Scalar]. What it returns is valid until the next call.
func (b *TuckerBalancer[T]) Scalar() *TuckerScales {
	b.look()
	b.scalar()
	return b.apply()
}

// Sinkhorn is the function [Sinkhorn]. What it returns is valid until the next
// call.
func (b *TuckerBalancer[T]) Sinkhorn(sweeps int) *TuckerScales {
	b.look()
	if sweeps <= 0 || b.m.FixedCore {
		b.scalar()
	}
	if !b.m.FixedCore {
		b.sweep.run(sweeps)
	}
	return b.apply()
}

// look computes the columns of the blocks and prunes what is zero.
func (b *TuckerBalancer[T]) look() {
	b.m.clear()
	for n, f := range b.m.Factors {
		if !b.m.fixed(n) {
			f.ColumnsTo(b.cols[n], b.active[n])
		}
		clear(b.scales.Log[n])
	}
	b.scales.Sweeps, b.scales.Residual = 0, 0
	if b.m.FixedCore {
		return
	}
	b.sweep.logs()
	for b.sweep.prune() {
	}
	b.sweep.coreColumn(b.cols[len(b.m.Factors)])
}

// scalar scales the free blocks as wholes.
func (b *TuckerBalancer[T]) scalar() {
	blocks := 0
	for n, c := range b.cols {
		if n < len(b.m.Factors) && b.m.fixed(n) || n == len(b.m.Factors) && b.m.FixedCore {
			continue
		}
		w := b.whole[blocks]
		w.Zero[0] = true
		for q, zero := range c.Zero {
			w.Zero[0] = w.Zero[0] && (zero || b.pruned(n, q))
		}
		for k := range w.Log {
			w.Log[k][0] = b.sum(n, k)
		}
		blocks++
	}
	if blocks < 2 {
		return // nothing to scale it against
	}
	b.common.columns(b.whole[:blocks])
	blocks = 0
	for n := range b.m.Factors {
		if b.m.fixed(n) {
			continue
		}
		for q := range b.scales.Log[n] {
			b.scales.Log[n][q] += b.common.Log[blocks][0]
		}
		blocks++
	}
}

// pruned reports whether component q of a factor is pruned.
func (b *TuckerBalancer[T]) pruned(n, q int) bool {
	return n < len(b.scales.Log) && math.IsInf(b.scales.Log[n][q], -1)
}

// sum returns the logarithm of the value of term k of a block.
func (b *TuckerBalancer[T]) sum(n, k int) float64 {
	top := math.Inf(-1)
	for q, l := range b.cols[n].Log[k] {
		if !b.pruned(n, q) {
			top = max(top, l)
		}
	}
	if math.IsInf(top, -1) {
		return top
	}
	var s float64
	for q, l := range b.cols[n].Log[k] {
		if !b.pruned(n, q) {
			s += math.Exp(l - top)
		}
	}
	return top + math.Log(s)
}

// apply scales the model and lists what is pruned.
func (b *TuckerBalancer[T]) apply() *TuckerScales {
	for n, log := range b.scales.Log {
		b.scales.Pruned[n] = b.scales.Pruned[n][:0]
		for q, l := range log {
			if math.IsInf(l, -1) {
				b.scales.Pruned[n] = append(b.scales.Pruned[n], q)
			}
		}
	}
	b.m.Apply(&b.scales)
	return &b.scales
}
