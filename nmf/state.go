package nmf

import (
	"fmt"
	"math"

	"polyad/asm"
	"polyad/balance"
	"polyad/internal/data"
	"polyad/internal/fitting"
	"polyad/internal/par"
	"polyad/loss"
	"polyad/matrix"
	"polyad/reg"
	"polyad/solver"
)

// state is a fit in progress, of which the blocks are W and H. It works on data times
// scale² and factors times scale.
type state[T asm.Float] struct {
	fitting.Course[T]
	*products[T]
	o              *Options
	scale          float64
	eps            T // floor of the factors
	stats          data.Stats
	blockW, blockH reg.Block[T]
	balancer       *balance.Balancer[T] // nil: no balancing
	within         *balance.Scales      // those between the two updates of a sweep, nil: none
	step           stepper
	given          *Model[T]     // the start if one was given
	ready          bool          // the products for the next step of mu are there
	watch          fitting.Vigil // over the first sweeps
	first          *Model[T]     // the start meanwhile
	chosen         *solver.Start // nil: the start was taken as it was
	heldW, heldH   []bool        // components that are held in W or H, nil: none
	frozen         []bool        // those that are held in either

	coarse bool // the floor is large enough to be seen in the loss
	fresh  bool // N and the Gram matrices of the last update belong to the model
	losses lossTask[T]
	total  [1]float64 // for a sum over the rows of W
	ridges float64    // how many times a least squares problem needed one

	extra extrapolation // nil: none
}

// stepper updates one factor given the other.
type stepper interface {
	updateW()
	updateH()
}

// extrapolation makes steps from other points than the model.
type extrapolation interface {
	// begin and end enclose a sweep; between comes after its first update.
	begin()
	between()
	end()
	// balanced is told by what the factors were scaled, within a sweep or at its
	// end.
	balanced(scales *balance.Scales)
	// accept is told the objective of the model where it is evaluated. When it
	// returns false, the model is an earlier one again.
	accept(objective float64) bool
}

func newState[T asm.Float](x data.Matrix[T], o *Options, scale float64, pool *par.Pool, start *Model[T]) (*state[T], error) {
	s := &state[T]{o: o, scale: scale, stats: x.Stats()}
	w, h := start.W, start.H
	s.heldW, s.heldH, s.frozen = o.held(w.Cols)
	s.Course = fitting.Course[T]{Stats: s.stats, Loss: o.Loss, ObjScale: scaledObjective(o.Loss, scale),
		Blocks: []reg.Block[T]{{X: w, Frozen: s.frozen}, {X: h, Trans: true, Frozen: s.frozen}}}
	s.Begin(s, pool, "nmf", ErrShape)
	if err := s.Penalize([]reg.Penalty{o.W.Rescaled(s.ObjScale, scale), o.H.Rescaled(s.ObjScale, scale)}); err != nil {
		return nil, err
	}
	s.blockW, s.blockH = s.Blocks[0], s.Blocks[1]
	s.eps = T(o.Eps.Or(0) * scale)
	s.coarse = float64(s.eps) > 1e-10*math.Sqrt(math.Sqrt(s.stats.Squares/float64(s.stats.Count))/float64(w.Cols))
	_, isMU := o.Method.(MU)
	s.products = newProducts(x, o.Loss, pool, w, h, isMU)
	if o.Balance != BalanceNone {
		s.balancer = balance.NewBalancer(pool, s.eps, s.blockW, s.blockH)
	}
	s.losses = lossTask[T]{state: s, shares: make([][2]float64, x.Blocks())}
	var err error
	if s.step, err = newStepper(s, o.Method); err != nil {
		return nil, fmt.Errorf("nmf: %w", err)
	}
	if _, als := o.Method.(ALS); als || s.coarse && (o.Balance == BalanceEvery || o.Balance == BalanceBlock) {
		s.Rises(s.coarse && s.extra == nil && o.Balance != BalanceNone) // an extrapolation looks at the objective itself
	}
	return s, nil
}

// Once updates both factors once, and balances them.
func (s *state[T]) Once() error {
	s.Known, s.Touched = fitting.Unknown(), true
	if s.extra != nil {
		s.extra.begin()
	}
	first, second := s.step.updateW, s.step.updateH
	skipFirst, skipSecond := s.o.FixW, s.o.FixH
	if s.o.Order == OrderHW {
		first, second = second, first
		skipFirst, skipSecond = skipSecond, skipFirst
	}
	if !skipFirst {
		first()
	}
	if s.extra != nil {
		s.extra.between()
	}
	if s.o.Balance == BalanceBlock {
		s.within = s.balanceOrNot()
	}
	if !skipSecond {
		second()
	}
	s.fresh = s.l == loss.Frobenius && !s.masked // inner products would be those of the filled data
	if s.o.Balance == BalanceEvery || s.o.Balance == BalanceBlock {
		s.Inner() // balancing keeps the product, but for a floor that counts
		s.balanceOrNot()
		s.fresh = false
		if s.coarse {
			s.Known = fitting.Unknown()
		}
	}
	if s.extra != nil {
		s.extra.end()
	}
	if s.watch.On() {
		return s.watch.Look(s.gone())
	}
	s.first = nil
	return nil
}

// order returns the free blocks, 0 for W and 1 for H, in the order of a sweep.
func (s *state[T]) order() (free []int) {
	for _, b := range []int{0, 1} {
		if s.o.Order == OrderHW {
			b = 1 - b
		}
		if b == 0 && !s.o.FixW || b == 1 && !s.o.FixH {
			free = append(free, b)
		}
	}
	return free
}

// balance balances the factors, and scales along what is remembered of them.
func (s *state[T]) balance() *balance.Scales {
	scales := s.balancer.Balance()
	if s.extra != nil {
		s.extra.balanced(scales)
	}
	return scales
}

// balanceOrNot balances the factors, but where the floor counts and entries at it,
// which are not scaled with the others, raise the objective: then it returns nil.
func (s *state[T]) balanceOrNot() (scales *balance.Scales) {
	if !s.Balance(func() { scales = s.balance() }) {
		return nil
	}
	return scales
}

// Inner computes the loss by inner products from what the update of the last
// factor left, if that still holds: with N of that factor X and G of both,
//
//	½||V - WH||² = (||V||² - 2⟨N, X⟩ + ⟨WᵀW, HHᵀ⟩)/2.
//
// It cancels when the model is close to the data.
func (s *state[T]) Inner() {
	if !s.fresh {
		return
	}
	s.fresh = false
	inner := 0.0
	if s.o.Order == OrderWH && !s.o.FixH || s.o.FixW {
		s.gramWork.Gram(s.pool, s.gramH, s.h, true)
		inner = matrix.Inner(s.hNum, s.h)
	} else {
		s.gramWork.Gram(s.pool, s.gramW, s.w, false)
		s.x.ReduceFloat64(s.gramW.Data)
		s.total[0] = matrix.Inner(s.wNum, s.w)
		s.x.ReduceFloat64(s.total[:])
		inner = s.total[0]
	}
	s.Known.Inner, s.Known.Largest = (s.stats.Squares-2*inner+matrix.Inner(s.gramW, s.gramH))/2, s.stats.Squares
}

// Finish does nothing: the model stays as it is.
func (s *state[T]) Finish() {}

// Direct computes loss and squared error of the model.
func (s *state[T]) Direct(final bool) (divergence, squares float64) {
	if u, ok := s.step.(*mu[T]); ok && !final {
		return u.evaluate()
	}
	return s.losses.run()
}

// Accept tells an extrapolation the objective, which may return to an earlier model.
func (s *state[T]) Accept(objective float64) bool {
	return s.extra == nil || s.extra.accept(objective)
}

// lossTask computes the loss block by block.
type lossTask[T asm.Float] struct {
	*state[T]
	shares [][2]float64
	sum    [2]float64
}

func (t *lossTask[T]) Do(block, worker int) {
	t.shares[block][0], t.shares[block][1] = t.x.Loss(t.l, block, worker, t.w, t.h)
}

func (t *lossTask[T]) run() (divergence, squares float64) {
	t.pool.Run(len(t.shares), t)
	return t.total()
}

// total adds up the shares.
func (t *lossTask[T]) total() (divergence, squares float64) {
	t.sum = [2]float64{}
	for _, s := range t.shares {
		t.sum[0] += s[0]
		t.sum[1] += s[1]
	}
	t.x.ReduceFloat64(t.sum[:])
	return t.sum[0], t.sum[1]
}

// Snapshot returns a copy of the current model, a *Model[T].
func (s *state[T]) Snapshot() any { return s.model() }

// model returns a copy of the model in the units of the given problem. What was
// given and not changed comes back with the same bits.
func (s *state[T]) model() *Model[T] {
	m := (&Model[T]{W: s.w, H: s.h}).Clone()
	fitting.Rescale(m.W.Data, 1/s.scale)
	fitting.Rescale(m.H.Data, 1/s.scale)
	if s.given != nil {
		if s.o.FixW || !s.Touched {
			m.W.Copy(s.given.W)
		}
		if s.o.FixH || !s.Touched {
			m.H.Copy(s.given.H)
		}
		s.giveBack(m)
	}
	return m
}

// guard lets long sweeps end with the limit.
func (s *state[T]) guard(limit *fitting.Limit) {
	m, n := s.x.Dims()
	s.Guard(limit, m*n, s.w.Cols)
}

// Matrices are W and H.
func (s *state[T]) Matrices() []*matrix.Dense[T] { return []*matrix.Dense[T]{s.w, s.h} }

// Forget drops all that was computed from the factors.
func (s *state[T]) Forget() { s.fresh, s.ready = false, false }
