package nmf

import (
	"encoding/binary"
	"fmt"
	"math"

	"polyad/asm"
	"polyad/balance"
	"polyad/internal/data"
	"polyad/internal/par"
	"polyad/loss"
	"polyad/matrix"
	"polyad/reg"
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
	blockW, blockH  reg.Block[T]
	balancer        *balance.Balancer[T] // nil: no balancing
	step            stepper
	given           *Model[T] // the start if one was given
	touched         bool      // whether the start was scaled, balanced or swept over

	coarse   bool    // the floor is large enough to be seen in the loss
	gramLoss float64 // ½||V - WH||² by inner products, NaN when not known
	losses   lossTask[T]
}

// stepper updates one factor given the other.
type stepper interface {
	updateW()
	updateH()
}

func newState[T asm.Float](x data.Matrix[T], o *Options, scale float64, pool *par.Pool, start *Model[T]) (*state[T], error) {
	s := &state[T]{o: o, scale: scale, objScale: scaledObjective(o.Loss, scale), stats: x.Stats(), gramLoss: math.NaN()}
	w, h := start.W, start.H
	s.blockW = reg.Block[T]{X: w, Penalty: o.W.Rescaled(s.objScale, scale)}
	s.blockH = reg.Block[T]{X: h, Trans: true, Penalty: o.H.Rescaled(s.objScale, scale)}
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
		s.balancer = balance.NewBalancer(s.eps, s.blockW, s.blockH)
	}
	s.losses = lossTask[T]{state: s, shares: make([][2]float64, x.Blocks())}
	var err error
	switch a := o.Method.(type) {
	case MU:
		s.step, err = newMU(s, a)
	case HALS:
		s.step, err = newHALS(s, a)
	}
	if err != nil {
		return nil, fmt.Errorf("nmf: %w", err)
	}
	return s, nil
}

// Sweep updates both factors once, and balances them.
func (s *state[T]) Sweep() error {
	s.gramLoss, s.touched = math.NaN(), true
	first, second := s.step.updateW, s.step.updateH
	skipFirst, skipSecond := s.o.FixW, s.o.FixH
	if s.o.Order == OrderHW {
		first, second = second, first
		skipFirst, skipSecond = skipSecond, skipFirst
	}
	if !skipFirst {
		first()
	}
	if !skipSecond {
		second()
	}
	if s.l == loss.Frobenius && !s.masked { // the inner products would be those of the filled data
		s.frobenius(s.o.Order == OrderWH && !s.o.FixH || s.o.FixW)
	}
	if s.balancer != nil && s.o.Balance == BalanceEvery {
		s.balancer.Balance()
		if s.coarse {
			s.gramLoss = math.NaN()
		}
	}
	return nil
}

// frobenius computes the loss from what the update of the last factor left.
func (s *state[T]) frobenius(lastH bool) {
	if lastH {
		s.gramWork.Gram(s.gramH, s.h, true)
		s.gramLoss = frobeniusLoss(s.stats.Squares, s.hNum, s.h, s.gramW, s.gramH)
	} else {
		s.gramWork.Gram(s.gramW, s.w, false)
		s.gramLoss = frobeniusLoss(s.stats.Squares, s.wNum, s.w, s.gramW, s.gramH)
	}
}

// Objective returns loss, penalty and relative error of the current model in
// the units of the given problem. A final one is computed directly, and so is
// one whose inner products would cancel.
func (s *state[T]) Objective(final bool) (divergence, penalty, relError float64) {
	least := 1e-6
	if asm.SizeOf[T]() == 4 {
		least = 1e-4
	}
	penalty = (s.blockW.Value() + s.blockH.Value()) / s.objScale
	var squares float64
	if !final && s.gramLoss >= least*s.stats.Squares {
		divergence, squares = s.gramLoss, 2*s.gramLoss
	} else {
		divergence, squares = s.losses.run()
	}
	return divergence / s.objScale, penalty, s.relError(squares)
}

func (s *state[T]) relError(squares float64) float64 {
	if s.stats.Squares == 0 {
		if squares == 0 {
			return 0
		}
		return 1
	}
	return math.Sqrt(squares / s.stats.Squares)
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
	rescale(m.W, 1/s.scale)
	rescale(m.H, 1/s.scale)
	if s.given != nil {
		if s.o.FixW || !s.touched {
			m.W.Copy(s.given.W)
		}
		if s.o.FixH || !s.touched {
			m.H.Copy(s.given.H)
		}
	}
	return m
}

func rescale[T asm.Float](m *matrix.Dense[T], f float64) {
	if f == 1 {
		return
	}
	for i := range m.Data {
		m.Data[i] *= T(f)
	}
}

// SaveState returns the state after a sweep: the factors, bit for bit.
func (s *state[T]) SaveState() []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(asm.SizeOf[T]()))
	for _, f := range []*matrix.Dense[T]{s.w, s.h} {
		b = binary.LittleEndian.AppendUint64(b, uint64(f.Rows))
		b = binary.LittleEndian.AppendUint64(b, uint64(f.Cols))
		for _, v := range f.Data {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(float64(v)))
		}
	}
	return b
}

// RestoreState sets the state to one that was saved by a fit of the same data
// and options.
func (s *state[T]) RestoreState(b []byte) error {
	next := func() (v uint64, err error) {
		if len(b) < 8 {
			return 0, fmt.Errorf("nmf: %w: a saved state ends early", ErrShape)
		}
		v, b = binary.LittleEndian.Uint64(b), b[8:]
		return v, nil
	}
	want := []uint64{uint64(asm.SizeOf[T]())}
	for _, f := range []*matrix.Dense[T]{s.w, s.h} {
		want = append(want, uint64(f.Rows), uint64(f.Cols))
		for i, w := range want {
			if v, err := next(); err != nil || v != w {
				return fmt.Errorf("nmf: %w: a saved state has %d where this fit has %d (field %d)", ErrShape, v, w, i)
			}
		}
		for i := range f.Data {
			v, err := next()
			if err != nil {
				return err
			}
			f.Data[i] = T(math.Float64frombits(v))
		}
		want = want[:0]
	}
	if len(b) > 0 {
		return fmt.Errorf("nmf: %w: %d bytes too many in a saved state", ErrShape, len(b))
	}
	s.gramLoss = math.NaN()
	return nil
}
