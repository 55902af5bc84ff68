package tucker

import (
	"math"

	"polyad/asm"
	"polyad/internal/data"
	"polyad/internal/nnls"
	"polyad/matrix"
	"polyad/tensor"
)

// hals fits the factors by hierarchical alternating least squares (A.-H. Phan, A.
// Cichocki, Extended HALS algorithm for nonnegative Tucker decomposition,
// Neurocomputing 74, 2011): with M = P_(n)·G_(n)ᵀ and Q as in [grams], for the
// columns x_q of F_n in order
//
//	x_q ← (m_q - Σ_{s≠q} Q_qs·x_s - l1) / (Q_qq + 2·l2), raised to the floor
//
// or with the threshold l1 from both sides where entries may be negative; repeated
// while that pays (Gillis, Glineur 2012). Each step minimizes exactly. The core is
// fitted by [coreStep]. A sweep costs the projections of [data.Tucker], 2·I_n·K·J_n flops
// for M with K the product of the other ranks, and 2·I_n·J_n² for every inner
// sweep.
type hals[T asm.Float] struct {
	*state[T]
	most  []int // inner sweeps of each mode
	delta float64
	steps []*nnls.HALS[T]
	rows  *nnls.Rows[T]
	num   []*matrix.Dense[T]       // M, sharing memory
	gram  []*matrix.Dense[float64] // Q, sharing memory
	sums  data.Contraction[T]
	core  *coreStep[T]
}

// mostInner bounds the sweeps of the accelerated rule.
const mostInner = 50

func newHALS[T asm.Float](s *state[T], a HALS) (*hals[T], error) {
	order := len(s.f)
	h := &hals[T]{state: s, most: make([]int, order), steps: make([]*nnls.HALS[T], order),
		num: make([]*matrix.Dense[T], order), gram: make([]*matrix.Dense[float64], order)}
	if a.Inner == 0 {
		h.delta = a.Delta.Or(0.1)
	}
	x, _ := tensor.Elements(s.o.shape)
	longest, widest := 0, 0
	for _, f := range s.f {
		if f != nil {
			longest, widest = max(longest, f.Rows*f.Cols), max(widest, f.Cols)
		}
	}
	num, gram := make([]T, longest), make([]float64, widest*widest)
	h.rows = nnls.NewRows[T](s.pool, widest)
	for _, n := range s.free {
		if n == order {
			h.core = newCoreStep(s, a)
			continue
		}
		f := s.f[n]
		h.num[n] = matrix.Of(f.Rows, f.Cols, num[:f.Rows*f.Cols])
		h.gram[n] = matrix.Of(f.Cols, f.Cols, gram[:f.Cols*f.Cols])
		h.most[n] = a.Inner
		if a.Inner == 0 {
			rho := 1 + float64(x/f.Rows)/float64(f.Cols+1)
			h.most[n] = int(math.Min(1+a.Alpha.Or(0.5)*rho, mostInner))
		}
		var err error
		if h.steps[n], err = nnls.NewHALS(f.Cols, f.Rows, s.blocks[n].Penalty, s.eps); err != nil {
			return nil, err
		}
		h.steps[n].Signed = !s.o.nonneg[n]
	}
	return h, nil
}

func (h *hals[T]) update(block int) {
	if block == len(h.f) {
		h.core.update()
		return
	}
	h.sums.To(h.pool, h.num[block], h.x.Project(block, h.f), h.state.core, block)
	h.grams.normal(h.gram[block], h.f, h.state.core, block)
	h.steps[block].SetGram(h.gram[block])
	h.rows.Run(h.steps[block], h.f[block], h.num[block], h.most[block], h.delta)
}
