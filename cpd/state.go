package cpd

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
	"polyad/tensor"
)

var frobenius = loss.Frobenius

// state is a fit in progress. It works on data times scale^N and factors times
// scale, a power of two, so that everything stays near 1; the penalties are
// rescaled by their degrees to give the same minimizer, and the objective of
// the scaled problem is objScale times that of the given one.
type state[T asm.Float] struct {
	x               data.Tensor[T]
	o               *settled
	pool            *par.Pool
	rank            int
	scale, objScale float64
	eps             T // floor of nonnegative factors
	stats           data.Stats
	size            float64 // of the loss of nothing
	masked          bool    // entries are missing
	f               []*matrix.Dense[T]
	blocks          []reg.Block[T]
	free            []int // modes
	balancer        *balance.Balancer[T]
	evened          *balance.Scales // nil: components do not drift
	step            stepper
	ahead           beyond    // nil: a sweep begins where the last one ended
	given           *Model[T] // the start if one was given
	compression     *Compression
	watch           fitting.Vigil      // over the first sweeps
	first           []*matrix.Dense[T] // the start meanwhile
	chosen          *solver.Start      // nil: the start was taken as it was
	touched         bool               // whether the start was scaled, balanced or swept over

	num      []*matrix.Dense[T]       // of one mode at a time, sharing memory
	grams    []*matrix.Dense[float64] // F_nᵀF_n
	fresh    []bool                   // whether they are those of the factors
	gram     *matrix.Dense[float64]   // their elementwise product but for one mode
	gramWork matrix.GramWork[T]
	scales   []float64 // of one mode's columns

	coarse bool // the floor is large enough to be seen in the loss
	value  value
	inside float64 // ⟨X, model⟩, when the loss came from inner products
	ridges float64 // how many times a least squares problem needed one

	cut     *fitting.Cut[T]    // nil: sweeps go to their end
	best    *fitting.Kept[T]   // nil: the method descends
	undo    *fitting.Kept[T]   // of balancing; nil: that descends, or who calls it looks
	kept    []*matrix.Dense[T] // what a method remembers, as states are saved
	numbers []*float64         // and other numbers of it
}

// stepper updates one factor given the others.
type stepper interface{ update(mode int) }

// beyond lets sweeps begin elsewhere than at the last model.
type beyond interface {
	// begin and end enclose a sweep, after which the factors were balanced by
	// scales, or not, when that is nil; between comes after the update of a mode
	// but the last one.
	begin()
	between(n int)
	end(scales *balance.Scales)
}

// value is the loss of the model as far as it is known, else NaN: the Frobenius
// loss by inner products, of which some are as large as largest, and loss and
// squared error computed directly.
type value struct {
	gram, largest float64
	direct        [2]float64
}

func unknown() value {
	return value{gram: math.NaN(), direct: [2]float64{math.NaN(), math.NaN()}}
}

func newState[T asm.Float](x data.Tensor[T], o *settled, rank int, scale float64, pool *par.Pool, start []*matrix.Dense[T]) (*state[T], error) {
	all := math.Pow(scale, float64(len(start)))
	s := &state[T]{x: x, o: o, pool: pool, rank: rank, scale: scale, objScale: fitting.ScaledObjective(o.Loss, all),
		stats: x.Stats(), masked: o.Mask != nil, f: start, value: unknown(), scales: make([]float64, rank)}
	s.size = fitting.LossSize(s.stats, o.Loss)
	var free []reg.Block[T]
	longest := 0
	for n, f := range start {
		b := reg.Block[T]{X: f, Penalty: o.Penalty[n].Rescaled(s.objScale, scale)}
		for _, t := range b.Penalty {
			if math.IsInf(t.Weight, 0) {
				return nil, fmt.Errorf("cpd: %w: a weight of degree %g is out of range for data of this size", reg.ErrPenalty, t.Degree)
			}
		}
		s.blocks = append(s.blocks, b)
		if !o.fixed[n] {
			s.free = append(s.free, n)
			free = append(free, b)
		}
		longest = max(longest, f.Rows)
	}
	memory := make([]T, longest*rank)
	for _, f := range start {
		s.num = append(s.num, matrix.Of(f.Rows, rank, memory[:f.Rows*rank]))
		s.grams = append(s.grams, matrix.New[float64](rank, rank))
	}
	s.fresh, s.gram = make([]bool, len(start)), matrix.New[float64](rank, rank)
	s.eps = T(o.Eps.Or(0) * scale)
	typical := math.Sqrt(s.stats.Squares/float64(s.stats.Count)) / float64(rank) // an entry of a component
	s.coarse = float64(s.eps) > 1e-10*math.Pow(typical, 1/float64(len(start)))
	if o.Balance != BalanceNone {
		// Factors of both signs have no floor, so the floor is dealt with here.
		s.balancer = balance.NewBalancer(pool, 0, free...)
	}
	if s.drifts() {
		s.evened = &balance.Scales{Log: make([][]float64, len(s.free))}
		for i := range s.evened.Log {
			s.evened.Log[i] = make([]float64, rank)
		}
	}
	var err error
	if s.step, err = newStepper(s); err != nil {
		return nil, fmt.Errorf("cpd: %w", err)
	}
	if _, als := o.Method.(ALS); als || s.coarse && (o.Balance == BalanceEvery || o.Balance == BalanceBlock) {
		s.best = fitting.NewKept(s.f...)
	}
	if s.coarse && s.best != nil && s.ahead == nil && s.balancer != nil { // an extrapolation looks at the objective itself
		s.undo = fitting.NewKept(s.f...)
	}
	return s, nil
}

// isFrobenius reports whether updates use inner products.
func (s *state[T]) isFrobenius() bool { return s.o.Loss == frobenius }

// Sweep updates the free factors once, in order, and balances them.
func (s *state[T]) Sweep() error {
	if s.cut != nil {
		return s.cut.Sweep()
	}
	return s.sweep()
}

func (s *state[T]) sweep() error {
	s.value, s.touched = unknown(), true
	if s.ahead != nil {
		s.ahead.begin()
	}
	for i, n := range s.free {
		s.step.update(n)
		s.changed(n)
		if i == len(s.free)-1 {
			break
		}
		if s.ahead != nil {
			s.ahead.between(n)
		}
		if s.o.Balance == BalanceBlock {
			s.balanceOrNot()
		}
	}
	if s.isFrobenius() && !s.masked { // inner products would be those of the filled data
		s.frobenius(s.free[len(s.free)-1])
	}
	var scales *balance.Scales
	if s.o.Balance == BalanceBlock || s.o.Balance == BalanceEvery {
		scales = s.balanceOrNot()
		if s.coarse {
			s.value = unknown()
		}
	} else {
		scales = s.even()
	}
	if s.ahead != nil {
		s.ahead.end(scales)
	}
	if s.watch.On() {
		return s.watch.Look(s.gone())
	}
	s.first = nil
	return nil
}

// changed says that a factor has changed.
func (s *state[T]) changed(n int) {
	s.x.Changed(n)
	s.fresh[n] = false
}

// balance balances the free factors and scales along what depends on them.
func (s *state[T]) balance() *balance.Scales {
	for _, n := range s.free {
		if s.o.nonneg[n] {
			s.blocks[n].Clear(s.eps)
		}
	}
	scales := s.balancer.Balance()
	for _, n := range s.free {
		if s.o.nonneg[n] {
			s.blocks[n].Floor(s.eps)
		}
	}
	s.scaled(scales)
	return scales
}

// balanceOrNot balances the free factors, but where the floor counts and entries at
// it, which are not scaled with the others, raise the objective: then it returns nil.
func (s *state[T]) balanceOrNot() (scales *balance.Scales) {
	if s.undo == nil {
		return s.balance()
	}
	if !s.undo.Try(func() float64 {
		s.value = unknown()
		f, _ := s.objective()
		return f
	}, func() { scales = s.balance() }) {
		s.value = unknown()
		s.forget()
		return nil
	}
	return scales
}

// scaled scales along what depends on factors that were scaled.
func (s *state[T]) scaled(scales *balance.Scales) {
	for i, n := range s.free {
		inRange := true
		for q, log := range scales.Log[i] {
			s.scales[q] = math.Exp(log)
			inRange = inRange && (math.IsInf(log, -1) || math.Abs(log) < 40)
		}
		if !inRange || s.o.nonneg[n] && s.eps != 0 {
			s.changed(n)
			continue
		}
		s.x.Scaled(n, s.scales)
		for q := range s.scales {
			row := s.grams[n].Row(q)
			for p, v := range s.scales {
				row[p] *= s.scales[q] * v
			}
		}
	}
}

// prepare computes the elementwise product of the Gram matrices but that of a
// mode.
func (s *state[T]) prepare(mode int) {
	for n, f := range s.f {
		if n != mode && !s.fresh[n] {
			s.gramWork.Gram(s.pool, s.grams[n], f, false)
			s.fresh[n] = true
		}
	}
	tensor.HadamardGram(s.gram, s.grams, mode)
}

// product computes the right sides of the normal equations of a mode, and their
// matrix: those of the data that the model fills where entries are missing.
func (s *state[T]) product(mode int) (num *matrix.Dense[T]) {
	s.prepare(mode)
	s.x.MTTKRP(s.num[mode], mode, s.f)
	return s.num[mode]
}

// frobenius computes the loss by inner products from what the update of the last
// factor left: with its MTTKRP M and the Gram matrices G of all factors
//
//	½||X - Y||² = (||X||² - 2⟨M, F_n⟩ + Σ ∘G)/2.
//
// It cancels when the model is close to the data, or the sum of components that are
// much larger than it.
func (s *state[T]) frobenius(mode int) {
	s.gramWork.Gram(s.pool, s.grams[mode], s.f[mode], false)
	s.fresh[mode] = true
	s.inside = matrix.Inner(s.num[mode], s.f[mode])
	s.value.gram = (s.stats.Squares - 2*s.inside + matrix.Inner(s.gram, s.grams[mode])) / 2
	var sum float64
	for i, v := range s.gram.Data {
		sum += math.Abs(v * s.grams[mode].Data[i])
	}
	s.value.largest = math.Max(sum, s.stats.Squares)
}

// evaluate returns loss and squared error of the model. A final loss is computed
// directly, and so is one whose inner products would cancel.
func (s *state[T]) evaluate(final bool) (divergence, squares float64) {
	if g := s.value.gram; !final && g >= fitting.LeastInner[T]()*s.value.largest {
		return g, 2 * g
	}
	if v := s.value.direct[0]; v != v {
		s.value.direct[0], s.value.direct[1] = s.x.Loss(s.o.Loss, s.f)
	}
	return s.value.direct[0], s.value.direct[1]
}

// objective returns loss and penalties of the scaled problem, and how much of it
// rounding may be.
func (s *state[T]) objective() (f, rounding float64) {
	f, _ = s.evaluate(false)
	inner := s.value.largest
	if v := s.value.direct[0]; v == v {
		inner = 0
	}
	penalties := s.penalties() * s.objScale
	return f + penalties, fitting.Rounding[T](f, penalties, s.size, inner)
}

// MayRise reports whether the method does not descend: ALS, whose linear systems
// may be so ill-conditioned that their solution raises it, and where balancing meets
// a floor that counts.
func (s *state[T]) MayRise() bool { return s.best != nil }

// Keep remembers the model as the best one so far.
func (s *state[T]) Keep() { s.best.Keep() }

// Recall makes the best model the current one.
func (s *state[T]) Recall() {
	s.best.Recall()
	s.value = unknown()
	s.forget()
}

// Still returns the change of the objective that tells nothing, in the units of the
// given problem.
func (s *state[T]) Still() float64 {
	_, rounding := s.objective()
	direct := s.value.direct[0]
	return fitting.Still[T](rounding, s.size, s.stats.Count, direct == direct) / s.objScale
}

// penalties returns the value of the penalties.
func (s *state[T]) penalties() (sum float64) {
	for _, b := range s.blocks {
		sum += b.Value() / s.objScale
	}
	return sum
}

// Objective returns loss, penalty and relative error of the current model in
// the units of the given problem.
func (s *state[T]) Objective(final bool) (divergence, penalty, rel float64) {
	divergence, squares := s.evaluate(final)
	return divergence / s.objScale, s.penalties(), fitting.RelError(squares, s.stats.Squares)
}

// Snapshot returns a copy of the current model, a *Model[T].
func (s *state[T]) Snapshot() any { return s.model() }

// model returns a copy of the model in the units of the given problem. What was
// given and not changed comes back with the same bits.
func (s *state[T]) model() *Model[T] {
	if s.given != nil && !s.touched {
		m := s.given.Clone()
		if m.Weights == nil {
			m.Weights = ones(s.rank)
		}
		return m
	}
	m := (&Model[T]{Factors: s.f}).Clone()
	m.Weights = ones(s.rank)
	for n, f := range m.Factors {
		fitting.Rescale(f.Data, 1/s.scale)
		if s.o.fixed[n] {
			f.Copy(s.given.Factors[n])
		}
	}
	return m
}

// guard lets long sweeps end with the limit.
func (s *state[T]) guard(limit *fitting.Limit) {
	entries, _ := tensor.Elements(s.o.shape)
	touched := s.touched
	s.cut = fitting.NewCut(s.pool, limit, entries, s.rank, append(append([]*matrix.Dense[T]{}, s.f...), s.kept...), s.numbers, func() error {
		touched = s.touched
		return s.sweep()
	}, func() {
		s.value, s.touched = unknown(), touched
		s.forget()
	})
}

// SaveState returns the state after a sweep, bit for bit. Partial products are
// not part of it: the run drops them, too, so that it goes on with the same bits
// as one that is restored.
func (s *state[T]) SaveState() []byte {
	s.forget()
	return fitting.Save(append(append([]*matrix.Dense[T]{}, s.f...), s.kept...), s.numbers)
}

// RestoreState sets the state to one that was saved by a fit of the same data
// and options.
func (s *state[T]) RestoreState(b []byte) error {
	if err := fitting.Restore(b, append(append([]*matrix.Dense[T]{}, s.f...), s.kept...), s.numbers); err != nil {
		return fmt.Errorf("cpd: %w: %w", ErrShape, err)
	}
	s.value, s.touched = unknown(), true
	s.forget()
	return nil
}

// forget drops all that was computed from the factors.
func (s *state[T]) forget() {
	clear(s.fresh)
	s.x.Reset()
}
