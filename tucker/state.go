package tucker

import (
	"fmt"
	"math"
	"slices"

	"polyad/asm"
	"polyad/balance"
	"polyad/internal/data"
	"polyad/internal/fitting"
	"polyad/internal/par"
	"polyad/matrix"
	"polyad/reg"
	"polyad/solver"
	"polyad/tensor"
)

// state is a fit in progress. It works on data times a power of two, so that
// everything stays near 1: with HOOI the core is multiplied by it, else every block
// by the same root of it, scale. The penalties are rescaled by their degrees to
// give the same minimizer, and the objective of the scaled problem is objScale
// times that of the given one.
//
// Blocks are numbered: factor n is block n, the core is block N.
type state[T asm.Float] struct {
	x               data.Tucker[T]
	o               *settled
	pool            *par.Pool
	scale, objScale float64
	eps             T // floor of nonnegative blocks
	stats           data.Stats
	size            float64            // of the loss of nothing
	f               []*matrix.Dense[T] // nil for modes left alone
	core            *tensor.Dense[T]
	blocks          []reg.Block[T] // the core as one column
	free            []int          // blocks
	step            stepper
	given           *Model[T]     // the start if one was given
	watch           fitting.Vigil // over the first sweeps
	first           *Model[T]     // the start meanwhile
	chosen          *solver.Start // nil: the start was taken as it was
	touched, swept  bool          // whether the start was changed, and by a sweep

	projected bool     // the method works with projections of the data
	grams     grams[T] // for those

	balancer *balance.TuckerBalancer[T] // nil: not balanced
	scales   []float64                  // of one mode's columns
	coarse   bool                       // the floor is large enough to be seen in the loss
	ahead    *ahead[T]                  // nil: not extrapolated

	value   value
	cut     *fitting.Cut[T]    // nil: sweeps go to their end
	best    *fitting.Kept[T]   // nil: the method descends
	undo    *fitting.Kept[T]   // of balancing; nil: that descends, or who calls it looks
	kept    []*matrix.Dense[T] // what a method remembers, as states are saved
	numbers []*float64         // and other numbers of it
}

// value is the loss of the model as far as it is known, else NaN: the Frobenius
// loss by inner products, and loss and squared error computed directly.
type value struct {
	inner  float64
	direct [2]float64
}

func unknown() value {
	return value{inner: math.NaN(), direct: [2]float64{math.NaN(), math.NaN()}}
}

func newState[T asm.Float](x data.Tucker[T], o *settled, scale float64, pool *par.Pool, start *Model[T]) (*state[T], error) {
	order := len(o.shape)
	all := math.Pow(scale, float64(o.scaled()))
	s := &state[T]{x: x, o: o, pool: pool, scale: scale, objScale: fitting.ScaledObjective(o.Loss, all),
		f: start.Factors, core: start.Core, value: unknown(), eps: T(o.Eps.Or(0) * scale), stats: x.Stats(), projected: o.projected()}
	x.Reset()
	for n := range order + 1 {
		b := reg.Block[T]{X: matrix.New[T](0, 1)}
		switch {
		case n == order:
			b = reg.Block[T]{X: matrix.Of(s.core.Len(), 1, s.core.Data), Penalty: o.Core.Rescaled(s.objScale, scale)}
		case s.f[n] != nil:
			b = reg.Block[T]{X: s.f[n], Penalty: o.Factors[n].Rescaled(s.objScale, scale)}
		}
		for _, t := range b.Penalty {
			if math.IsInf(t.Weight, 0) {
				return nil, fmt.Errorf("tucker: %w: a weight of degree %g is out of range for data of this size", reg.ErrPenalty, t.Degree)
			}
		}
		s.blocks = append(s.blocks, b)
		if !o.fixed[n] {
			s.free = append(s.free, n)
		}
	}
	if s.projected {
		s.grams.init(s.pool, s.f, s.core)
	}
	s.size = fitting.LossSize(s.stats, o.Loss)
	s.coarse = s.isCoarse()
	s.newBalancer()
	var err error
	if s.step, err = newStepper(s); err != nil {
		return nil, fmt.Errorf("tucker: %w", err)
	}
	if a, ok := o.Method.(MU); ok && a.Extrapolate {
		s.ahead = newAhead(s)
	}
	if s.coarse && s.balancer != nil {
		s.best = fitting.NewKept(s.matrices()...)
		if s.ahead == nil { // which looks at the objective itself
			s.undo = fitting.NewKept(s.matrices()...)
		}
	}
	return s, nil
}

// scaled is the number of blocks that are multiplied by the root of the power of
// two that the data are: the core alone where factors are orthonormal.
func (o *settled) scaled() int {
	if _, hooi := o.Method.(HOOI); hooi {
		return 1
	}
	n := 1
	for _, alone := range o.alone {
		if !alone {
			n++
		}
	}
	return n
}

// blockScale is what a block is multiplied by.
func (s *state[T]) blockScale(n int) float64 {
	if n < len(s.f) && s.o.scaled() == 1 {
		return 1
	}
	return s.scale
}

// dot returns the inner product of two arrays, accumulated in float64.
func dot[T asm.Float](x, y []T) (sum float64) {
	const most = 8192
	ker := asm.For[T]()
	for j := 0; j < len(x); j += most {
		k := min(j+most, len(x))
		sum += ker.Dot(x[j:k], y[j:k])
	}
	return sum
}

// Sweep updates the free blocks once, the factors in order and then the core.
func (s *state[T]) Sweep() error {
	if s.cut != nil {
		return s.cut.Sweep()
	}
	return s.sweep()
}

func (s *state[T]) sweep() error {
	if !s.swept {
		s.touched, s.swept = true, true
		if a, ok := s.step.(preparer); ok {
			a.prepare()
		}
	}
	s.value = unknown()
	if s.ahead != nil {
		s.ahead.begin()
	}
	if s.projected && s.masked() {
		s.x.Fill(s.tucker())
	}
	for i, n := range s.free {
		s.step.update(n)
		s.changed(n)
		if s.ahead != nil && i < len(s.free)-1 {
			s.ahead.between(n)
		}
	}
	if s.projected && !s.masked() { // inner products would be those of the filled data
		s.frobenius()
	}
	var scales *balance.TuckerScales
	if s.balancer != nil {
		if s.undo != nil {
			s.balanceOrNot()
		} else if scales = s.balance(); s.coarse {
			s.value = unknown()
		}
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

// changed says that a block has changed.
func (s *state[T]) changed(n int) {
	s.x.Changed(n)
	if n < len(s.f) && s.projected {
		s.grams.fresh[n] = false
	}
}

// tucker returns the model as it is, sharing memory.
func (s *state[T]) tucker() tensor.Tucker[T] { return tensor.Tucker[T]{Core: s.core, Factors: s.f} }

// masked reports whether entries are missing.
func (s *state[T]) masked() bool { return s.o.Mask != nil }

// frobenius computes the loss by inner products: with A the data projected onto
// the factors
//
//	½||X - Y||² = (||X||² - 2⟨A, G⟩ + ||Y||²)/2.
//
// It cancels when the model is close to the data.
func (s *state[T]) frobenius() {
	inner, squares := s.inner()
	s.value.inner = (s.stats.Squares - 2*inner + squares) / 2
}

// inner returns the inner product of data and model, and the square of the model.
func (s *state[T]) inner() (inner, squares float64) {
	a := s.x.Project(len(s.f), s.f)
	inner = dot(a.Data, s.core.Data)
	if _, hooi := s.o.Method.(HOOI); hooi && (s.swept || s.given == nil) {
		return inner, dot(s.core.Data, s.core.Data) // the factors are orthonormal
	}
	return inner, s.grams.squares(s.f, s.core)
}

// evaluate returns loss and squared error of the model. A final loss is computed
// directly, and so is one whose inner products would cancel.
func (s *state[T]) evaluate(final bool) (divergence, squares float64) {
	if v := s.value.inner; !final && v >= fitting.LeastInner[T]()*s.stats.Squares {
		return v, 2 * v
	}
	if final && s.swept {
		if f, ok := s.step.(finisher); ok {
			f.finish()
			s.value.direct[0] = math.NaN()
		}
	}
	if v := s.value.direct[0]; v != v {
		s.value.direct[0], s.value.direct[1] = s.x.Loss(s.o.Loss, s.tucker())
	}
	return s.value.direct[0], s.value.direct[1]
}

// objective returns loss and penalties of the scaled problem, and how much of it
// rounding may be.
func (s *state[T]) objective() (f, rounding float64) {
	f, _ = s.evaluate(false)
	inner := s.stats.Squares
	if v := s.value.direct[0]; v == v {
		inner = 0
	}
	penalties := s.penalties() * s.objScale
	return f + penalties, fitting.Rounding[T](f, penalties, s.size, inner)
}

// MayRise reports whether the method does not descend: where balancing meets
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
		return s.given.Clone()
	}
	m := (&Model[T]{Core: s.core, Factors: s.f}).Clone()
	order := len(s.f)
	fitting.Rescale(m.Core.Data, 1/s.scale)
	if s.o.fixed[order] {
		m.Core = s.given.Core.Clone()
	}
	for n, f := range m.Factors {
		switch {
		case f == nil:
		case s.o.fixed[n]:
			f.Copy(s.given.Factors[n])
		default:
			fitting.Rescale(f.Data, 1/s.blockScale(n))
		}
	}
	return m
}

// matrices returns what a saved state holds.
func (s *state[T]) matrices() (all []*matrix.Dense[T]) {
	for _, f := range s.f {
		if f != nil {
			all = append(all, f)
		}
	}
	return append(append(all, s.blocks[len(s.f)].X), s.kept...)
}

// guard lets long sweeps end with the limit.
func (s *state[T]) guard(limit *fitting.Limit) {
	touched, swept := s.touched, s.swept
	s.cut = fitting.NewCut(s.pool, limit, s.entries(), slices.Max(s.core.Shape), s.matrices(), s.numbers, func() error {
		touched, swept = s.touched, s.swept
		return s.sweep()
	}, func() {
		s.value, s.touched, s.swept = unknown(), touched, swept
		s.forget()
	})
}

// SaveState returns the state after a sweep, bit for bit. Partial products are
// not part of it: the run drops them, too, so that it goes on with the same bits
// as one that is restored.
func (s *state[T]) SaveState() []byte {
	s.forget()
	return fitting.Save(s.matrices(), s.numbers)
}

// RestoreState sets the state to one that was saved by a fit of the same data
// and options.
func (s *state[T]) RestoreState(b []byte) error {
	if err := fitting.Restore(b, s.matrices(), s.numbers); err != nil {
		return fmt.Errorf("tucker: %w: %w", ErrShape, err)
	}
	s.value, s.touched, s.swept = unknown(), true, true
	s.forget()
	return nil
}

// forget drops all that was computed from the factors.
func (s *state[T]) forget() {
	s.x.Reset()
	clear(s.grams.fresh)
}

// entries is the number of entries of the data, observed or not.
func (s *state[T]) entries() int {
	n, _ := tensor.Elements(s.o.shape)
	return n
}
