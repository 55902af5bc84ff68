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

// state is a fit in progress, of which the blocks are the factors and then the core. It
// works on data times a power of two: with HOOI the core is multiplied by it, else every
// block by the same root of it, scale.
type state[T asm.Float] struct {
	fitting.Course[T]
	x         data.Tucker[T]
	o         *settled
	pool      *par.Pool
	scale     float64
	eps       T // floor of nonnegative blocks
	stats     data.Stats
	f         []*matrix.Dense[T] // nil for modes left alone
	core      *tensor.Dense[T]
	blocks    []reg.Block[T] // the core as one column
	free      []int          // blocks
	step      stepper
	given     *Model[T]     // the start if one was given
	watch     fitting.Vigil // over the first sweeps
	first     *Model[T]     // the start meanwhile
	chosen    *solver.Start // nil: the start was taken as it was
	projected bool          // the method works with projections of the data
	grams     grams[T]      // for those

	balancer *balance.TuckerBalancer[T] // nil: not balanced
	scales   []float64                  // of one mode's columns
	coarse   bool                       // the floor is large enough to be seen in the loss
	ahead    *ahead[T]                  // nil: not extrapolated
}

func newState[T asm.Float](x data.Tucker[T], o *settled, scale float64, pool *par.Pool, start *Model[T]) (*state[T], error) {
	order := len(o.shape)
	all := math.Pow(scale, float64(o.scaled()))
	s := &state[T]{x: x, o: o, pool: pool, scale: scale, f: start.Factors, core: start.Core,
		eps: T(o.Eps.Or(0) * scale), stats: x.Stats(), projected: o.projected()}
	x.Reset()
	s.Course = fitting.Course[T]{Stats: s.stats, Loss: o.Loss, ObjScale: fitting.ScaledObjective(o.Loss, all)}
	s.Begin(s, pool, "tucker", ErrShape)
	var penalties []reg.Penalty
	for n := range order + 1 {
		b, p := reg.Block[T]{X: matrix.New[T](0, 1)}, reg.Penalty(nil)
		switch {
		case n == order:
			b.X, p = matrix.Of(s.core.Len(), 1, s.core.Data), o.Core
		case s.f[n] != nil:
			b.X, p = s.f[n], o.Factors[n]
		}
		s.Blocks, penalties = append(s.Blocks, b), append(penalties, p.Rescaled(s.ObjScale, scale))
		if !o.fixed[n] {
			s.free = append(s.free, n)
		}
	}
	if err := s.Penalize(penalties); err != nil {
		return nil, err
	}
	s.blocks = s.Blocks
	if s.projected {
		s.grams.init(s.pool, s.f, s.core)
	}
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
		s.Rises(s.ahead == nil) // which looks at the objective itself
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

// Once updates the free blocks once, the factors in order and then the core.
func (s *state[T]) Once() error {
	if !s.Swept {
		s.Touched, s.Swept = true, true
		if a, ok := s.step.(preparer); ok {
			a.prepare()
		}
	}
	s.Known = fitting.Unknown()
	if s.ahead != nil {
		s.ahead.Begin()
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
		s.Balance(func() { scales = s.balance() })
		if s.coarse {
			s.Known = fitting.Unknown()
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
	s.Known.Inner, s.Known.Largest = (s.stats.Squares-2*inner+squares)/2, s.stats.Squares
}

// inner returns the inner product of data and model, and the square of the model.
func (s *state[T]) inner() (inner, squares float64) {
	a := s.x.Project(len(s.f), s.f)
	inner = dot(a.Data, s.core.Data)
	if _, hooi := s.o.Method.(HOOI); hooi && (s.Swept || s.given == nil) {
		return inner, dot(s.core.Data, s.core.Data) // the factors are orthonormal
	}
	return inner, s.grams.squares(s.f, s.core)
}

// Inner does nothing: sweeps compute the loss by inner products themselves.
func (s *state[T]) Inner() {}

// Finish brings the model into the form that the method gives it at the end.
func (s *state[T]) Finish() {
	if f, ok := s.step.(finisher); ok && s.Swept {
		f.finish()
		s.Known = fitting.Unknown()
	}
}

// Direct computes loss and squared error of the model.
func (s *state[T]) Direct(bool) (divergence, squares float64) {
	return s.x.Loss(s.o.Loss, s.tucker())
}

// Accept accepts every model: sweeps look at the objective themselves.
func (s *state[T]) Accept(float64) bool { return true }

// Snapshot returns a copy of the current model, a *Model[T].
func (s *state[T]) Snapshot() any { return s.model() }

// model returns a copy of the model in the units of the given problem. What was
// given and not changed comes back with the same bits.
func (s *state[T]) model() *Model[T] {
	if s.given != nil && !s.Touched {
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

// Matrices are the factors, where there are, and the core.
func (s *state[T]) Matrices() (all []*matrix.Dense[T]) {
	for _, f := range s.f {
		if f != nil {
			all = append(all, f)
		}
	}
	return append(all, s.blocks[len(s.f)].X)
}

// guard lets long sweeps end with the limit.
func (s *state[T]) guard(limit *fitting.Limit) {
	entries, _ := tensor.Elements(s.o.shape)
	s.Guard(limit, entries, slices.Max(s.core.Shape))
}

// Forget drops all that was computed from the model.
func (s *state[T]) Forget() {
	s.x.Reset()
	clear(s.grams.fresh)
}
