package nmf

import (
	"polyad/asm"
	"polyad/internal/data"
	"polyad/internal/nnls"
)

// mu is the multiplicative update. With Y = WH recomputed before each factor,
// for one step on W (and in the same way on H)
//
//	W ← W ∘ u,  u the minimizer of the majorizer at W of D_β plus penalties,
//
// which without penalties is u = (((V∘Y^(β-2))Hᵀ) / (Y^(β-1)Hᵀ))^γ with γ =
// 1/(2-β), 1, 1/(β-1) for β < 1, 1 ≤ β ≤ 2, β > 2 (Févotte, Idier 2011; package
// internal/nnls has the penalized step). A sweep costs 8·m·n·r flops for β ≠ 2
// and 4·m·n·r for β = 2.
type mu[T asm.Float] struct {
	*state[T]
	inner    int
	mmW, mmH *nnls.MM[T]
	taskW    muW[T]
	taskH    muH[T]
	taskE    muE[T]
	beyond   *beyond[T] // nil: not extrapolated
}

func newMU[T asm.Float](s *state[T], a MU) (*mu[T], error) {
	u := &mu[T]{state: s, inner: max(a.Inner, 1)}
	var err error
	if u.mmW, err = nnls.NewMM(s.o.Loss, s.blockW.Penalty, s.eps); err != nil {
		return nil, err
	}
	if u.mmH, err = nnls.NewMM(s.o.Loss, s.blockH.Penalty, s.eps); err != nil {
		return nil, err
	}
	u.mmW.Held = s.heldW
	u.mmW.Keep, u.mmH.Keep = s.masked, s.masked
	u.taskW.mu, u.taskH.mu, u.taskE.mu = u, u, u
	if a.Extrapolate {
		u.beyond = newBeyond(s)
		s.extra = u.beyond
	}
	return u, nil
}

func (u *mu[T]) updateW() {
	u.prepareW()
	u.pool.Run(u.x.Blocks(), &u.taskW)
	u.ready = false
}

// evaluate returns loss and squared error of the model. Where the next step begins
// at the model as it is, the pass over the data that this takes leaves N and C for
// that step.
func (u *mu[T]) evaluate() (divergence, squares float64) {
	if u.beyond != nil || u.masked || u.l.Beta() == 2 {
		return u.losses.run()
	}
	if u.taskE.first = u.o.Order == OrderWH && !u.o.FixW || u.o.FixH; u.taskE.first {
		u.prepareW()
	} else {
		u.prepareH()
	}
	clear(u.losses.shares)
	u.pool.Run(u.x.Blocks(), &u.taskE)
	u.ready = true
	return u.losses.total()
}

// muE makes the pass of evaluate over one block.
type muE[T asm.Float] struct {
	*mu[T]
	first bool // for W
}

func (t *muE[T]) Do(block, worker int) {
	q := &t.quotients[worker]
	*q = data.Quotients[T]{Loss: &t.losses.shares[block]}
	if t.first {
		q.WNum, q.WDen = t.wNum, t.wDen // nil at β = 1
	} else if q.HNum = t.numShares[block]; t.passDen() {
		q.HDen = t.denShares[block]
	}
	t.x.Quotients(t.l, block, worker, t.w, t.h, q)
}

func (u *mu[T]) updateH() {
	u.prepareH()
	if u.beyond != nil {
		u.beyond.task.Run(u.pool, u.h, u.beyond.lastH)
	}
	for k := range u.inner {
		u.hTotals(true, !u.ready && (k == 0 || !u.gramDen())) // WᵀV does not change with H
		u.ready = false
		u.pool.Run((u.h.Cols+chunk-1)/chunk, &u.taskH)
	}
}

// muW makes the inner steps on the rows of W in one block: they do not depend
// on those of other blocks.
type muW[T asm.Float] struct{ *mu[T] }

func (t *muW[T]) Do(block, worker int) {
	i0, i1 := t.x.Rows(block)
	if t.beyond != nil {
		r := t.w.Cols
		t.beyond.task.Over(t.w.Data[i0*r:i1*r], t.beyond.lastW.Data[i0*r:i1*r])
	}
	for k := range t.inner {
		switch {
		case k == 0 && t.ready:
		case k == 0 || !t.gramDen():
			t.wBlock(block, worker, true)
		default:
			t.wGram(block) // VHᵀ does not change with W
		}
		for i := i0; i < i1; i++ {
			num, den := t.wRow(i)
			t.mmW.Row(t.w.Row(i), num, den, i)
		}
	}
}

// muH makes a step on one chunk of columns of H.
type muH[T asm.Float] struct{ *mu[T] }

func (t *muH[T]) Do(block, _ int) {
	j0, j1 := block*chunk, min((block+1)*chunk, t.h.Cols)
	for k := 0; k < t.h.Rows; k++ {
		if t.heldH != nil && t.heldH[k] {
			continue
		}
		num, den, den0 := t.hColumns(k, j0, j1)
		t.mmH.Component(t.h.Row(k)[j0:j1], num, den, den0, j0)
	}
}
