package cpd

import (
	"math"

	"polyad/asm"
	"polyad/internal/nnls"
	"polyad/tensor"
)

// hals is hierarchical alternating least squares: with M the MTTKRP of a mode and
// S the elementwise product of the other modes' Gram matrices, for the columns x_q
// of F_n in order
//
//	x_q ← (m_q - Σ_{s≠q} S_qs·x_s - l1) / (S_qq + 2·l2), raised to the floor
//
// (Cichocki, Phan 2009), or with the threshold l1 from both sides where entries
// may be negative; repeated while that pays (Gillis, Glineur 2012). Each step
// minimizes exactly. A sweep costs 2·|X|·r flops for each pass over the data and
// 2·I_n·r² for every inner sweep.
type hals[T asm.Float] struct {
	*state[T]
	most  []int // inner sweeps of each mode
	delta float64
	steps []*nnls.HALS[T]
	rows  *nnls.Rows[T]
}

// mostInner bounds the sweeps of the accelerated rule.
const mostInner = 50

func newHALS[T asm.Float](s *state[T], a HALS) (*hals[T], error) {
	h := &hals[T]{state: s, most: make([]int, len(s.f)), steps: make([]*nnls.HALS[T], len(s.f))}
	for _, n := range s.free {
		h.most[n], h.delta = s.inner(a, n)
		var err error
		if h.steps[n], err = nnls.NewHALS(s.rank, s.f[n].Rows, s.blocks[n].Penalty, s.eps); err != nil {
			return nil, err
		}
		h.steps[n].Signed = !s.o.nonneg[n]
	}
	h.rows = nnls.NewRows[T](s.pool, s.rank)
	return h, nil
}

// inner returns the number of inner sweeps of a mode, at most, and how little one has to
// change for the last of them.
func (s *state[T]) inner(a HALS, mode int) (most int, delta float64) {
	if a.Inner > 0 {
		return a.Inner, 0
	}
	size, _ := tensor.Elements(s.o.shape)
	rho := 1 + float64(size/s.f[mode].Rows)/float64(s.rank+1)
	return int(math.Min(1+a.Alpha.Or(0.5)*rho, mostInner)), a.Delta.Or(0.1)
}

func (h *hals[T]) update(mode int) {
	h.product(mode)
	h.steps[mode].SetGram(h.gram)
	h.rows.Run(h.steps[mode], h.f[mode], h.num[mode], h.most[mode], h.delta)
}
