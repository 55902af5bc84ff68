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

// state is a fit in progress. It works on data times scale² and factors times
// scale, a power of two, so that everything stays near 1; the penalties are
// rescaled by their degrees to give the same minimizer, and the objective of
// the scaled problem is objScale times that of the given one.
type state[T asm.Float] struct {
	*products[T]
	o               *Options
	scale, objScale float64
	eps             T // floor of the factors
	stats           data.Stats
	size            float64 // of the loss of nothing
	blockW, blockH  reg.Block[T]
	balancer        *balance.Balancer[T] // nil: no balancing
	within          *balance.Scales      // those between the two updates of a sweep, nil: none
	step            stepper
	given           *Model[T]     // the start if one was given
	ready           bool          // the products for the next step of mu are there
	watch           fitting.Vigil // over the first sweeps
	first           *Model[T]     // the start meanwhile
	chosen          *solver.Start // nil: the start was taken as it was
	touched         bool          // whether the start was scaled, balanced or swept over
	heldW, heldH    []bool        // components that are held in W or H, nil: none
	frozen          []bool        // those that are held in either

	coarse bool // the floor is large enough to be seen in the loss
	value  value

	returned bool // the last evaluation went back to an earlier model

	swept  bool // N and the Gram matrices of the last update belong to the model
	losses lossTask[T]
	total  [1]float64 // for a sum over the rows of W
	ridges float64    // how many times a least squares problem needed one

	extra   extrapolation      // nil: none
	cut     *fitting.Cut[T]    // nil: sweeps go to their end
	best    *fitting.Kept[T]   // nil: the method descends
	undo    *fitting.Kept[T]   // of balancing; nil: that descends, or who calls it looks
	kept    []*matrix.Dense[T] // what it remembers, as states are saved
	numbers []*float64         // and other numbers of the method
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

// value is the loss of the model as far as it is known, else NaN: the Frobenius
// loss by inner products, and loss and squared error computed directly.
type value struct {
	gram   float64
	direct [2]float64
}

func unknown() value {
	return value{gram: math.NaN(), direct: [2]float64{math.NaN(), math.NaN()}}
}

func newState[T asm.Float](x data.Matrix[T], o *Options, scale float64, pool *par.Pool, start *Model[T]) (*state[T], error) {
	s := &state[T]{o: o, scale: scale, objScale: scaledObjective(o.Loss, scale), stats: x.Stats(), value: unknown()}
	s.size = fitting.LossSize(s.stats, o.Loss)
	w, h := start.W, start.H
	s.heldW, s.heldH, s.frozen = o.held(w.Cols)
	s.blockW = reg.Block[T]{X: w, Penalty: o.W.Rescaled(s.objScale, scale), Frozen: s.frozen}
	s.blockH = reg.Block[T]{X: h, Trans: true, Penalty: o.H.Rescaled(s.objScale, scale), Frozen: s.frozen}
	for _, t := range s.blockW.Penalty.Plus(s.blockH.Penalty) {
		if math.IsInf(t.Weight, 0) {
			return nil, fmt.Errorf("nmf: %w: a weight of degree %g is out of range for data of this size", reg.ErrPenalty, t.Degree)
		}
	}
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
		s.best = fitting.NewKept(w, h)
	}
	if s.coarse && s.best != nil && s.extra == nil && o.Balance != BalanceNone { // an extrapolation looks at the objective itself
		s.undo = fitting.NewKept(w, h)
	}
	return s, nil
}

// Sweep updates both factors once, and balances them.
func (s *state[T]) Sweep() error {
	if s.cut != nil {
		return s.cut.Sweep()
	}
	return s.sweep()
}

func (s *state[T]) sweep() error {
	s.value, s.touched = unknown(), true
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
	s.swept = s.l == loss.Frobenius && !s.masked // inner products would be those of the filled data
	if s.o.Balance == BalanceEvery || s.o.Balance == BalanceBlock {
		s.frobenius() // balancing keeps the product, but for a floor that counts
		s.balanceOrNot()
		s.swept = false
		if s.coarse {
			s.value = unknown()
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
	if s.undo == nil {
		return s.balance()
	}
	if !s.undo.Try(func() float64 {
		f, _ := s.losses.run() // which leaves nothing for the next step, unlike evaluate
		return f + s.penalties()
	}, func() { scales = s.balance() }) {
		return nil
	}
	return scales
}

// frobenius computes the loss by inner products from what the update of the last
// factor left, if that still holds: with N of that factor X and G of both,
//
//	½||V - WH||² = (||V||² - 2⟨N, X⟩ + ⟨WᵀW, HHᵀ⟩)/2.
//
// It cancels when the model is close to the data.
func (s *state[T]) frobenius() {
	if !s.swept {
		return
	}
	s.swept = false
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
	s.value.gram = (s.stats.Squares - 2*inner + matrix.Inner(s.gramW, s.gramH)) / 2
}

// evaluate returns loss and squared error of the model. A final loss is computed
// directly, and so is one whose inner products would cancel.
func (s *state[T]) evaluate(final bool) (divergence, squares float64) {
	if !final {
		s.frobenius()
		if g := s.value.gram; g >= fitting.LeastInner[T]()*s.stats.Squares {
			return g, 2 * g
		}
	}
	if v := s.value.direct[0]; v != v {
		if u, ok := s.step.(*mu[T]); ok && !final {
			s.value.direct[0], s.value.direct[1] = u.evaluate()
		} else {
			s.value.direct[0], s.value.direct[1] = s.losses.run()
		}
	}
	return s.value.direct[0], s.value.direct[1]
}

// penalties returns the value of the penalties.
func (s *state[T]) penalties() float64 {
	s.total[0] = s.blockW.Value()
	s.x.ReduceFloat64(s.total[:])
	return s.total[0] + s.blockH.Value()
}

// objective returns loss and penalties, and how much of it rounding may be.
func (s *state[T]) objective() (f, rounding float64) {
	f, _ = s.evaluate(false)
	inner := s.stats.Squares
	if v := s.value.direct[0]; v == v {
		inner = 0
	}
	penalties := s.penalties()
	return f + penalties, fitting.Rounding[T](f, penalties, s.size, inner)
}

// MayRise reports whether the method does not descend: projected ALS, and where
// balancing meets a floor that counts.
func (s *state[T]) MayRise() bool { return s.best != nil }

// Keep remembers the model as the best one so far.
func (s *state[T]) Keep() { s.best.Keep() }

// Recall makes the best model the current one.
func (s *state[T]) Recall() {
	s.best.Recall()
	s.value, s.swept, s.ready = unknown(), false, false
}

// Still returns the change of the objective that tells nothing, in the units of the
// given problem.
func (s *state[T]) Still() float64 {
	_, rounding := s.objective()
	direct := s.value.direct[0]
	return fitting.Still[T](rounding, s.size, s.stats.Count, direct == direct) / s.objScale
}

// Returned reports whether the last evaluation went back to an earlier model.
func (s *state[T]) Returned() bool { return s.returned }

// Objective returns loss, penalty and relative error of the current model in
// the units of the given problem. A final one is computed directly, and so is
// one whose inner products would cancel. An extrapolated method may return to an
// earlier model here.
func (s *state[T]) Objective(final bool) (divergence, penalty, relError float64) {
	divergence, squares := s.evaluate(final)
	penalty = s.penalties()
	s.returned = s.extra != nil && !s.extra.accept(divergence+penalty)
	if s.returned {
		divergence, squares = s.evaluate(final)
		penalty = s.penalties()
	}
	return divergence / s.objScale, penalty / s.objScale, fitting.RelError(squares, s.stats.Squares)
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
		if s.o.FixW || !s.touched {
			m.W.Copy(s.given.W)
		}
		if s.o.FixH || !s.touched {
			m.H.Copy(s.given.H)
		}
		s.giveBack(m)
	}
	return m
}

// guard lets long sweeps end with the limit.
func (s *state[T]) guard(limit *fitting.Limit) {
	m, n := s.x.Dims()
	touched := s.touched
	s.cut = fitting.NewCut(s.pool, limit, m*n, s.w.Cols, append([]*matrix.Dense[T]{s.w, s.h}, s.kept...), s.numbers, func() error {
		touched = s.touched
		return s.sweep()
	}, func() {
		s.value, s.swept, s.ready, s.touched = unknown(), false, false, touched
	})
}

// SaveState returns the state after a sweep, bit for bit: the factors and what
// the method remembers.
func (s *state[T]) SaveState() []byte {
	return fitting.Save(append([]*matrix.Dense[T]{s.w, s.h}, s.kept...), s.numbers)
}

// RestoreState sets the state to one that was saved by a fit of the same data
// and options.
func (s *state[T]) RestoreState(b []byte) error {
	if err := fitting.Restore(b, append([]*matrix.Dense[T]{s.w, s.h}, s.kept...), s.numbers); err != nil {
		return fmt.Errorf("nmf: %w: %w", ErrShape, err)
	}
	s.value, s.swept, s.ready, s.touched = unknown(), false, false, true
	return nil
}
