package cpd

import (
	"fmt"
	"math"
	"slices"

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

// state is a fit in progress, of which the blocks are the factors. It works on data
// times scale^N and factors times scale.
type state[T asm.Float] struct {
	fitting.Course[T]
	x           data.Tensor[T]
	o           *settled
	pool        *par.Pool
	rank        int
	scale       float64
	eps         T // floor of nonnegative factors
	stats       data.Stats
	masked      bool // entries are missing
	f           []*matrix.Dense[T]
	blocks      []reg.Block[T]
	free        []int // modes
	balancer    *balance.Balancer[T]
	evened      *balance.Scales // nil: components do not drift
	step        stepper
	ahead       beyond    // nil: a sweep begins where the last one ended
	given       *Model[T] // the start if one was given
	compression *Compression
	watch       fitting.Vigil      // over the first sweeps
	first       []*matrix.Dense[T] // the start meanwhile
	chosen      *solver.Start      // nil: the start was taken as it was

	num      []*matrix.Dense[T]       // of one mode at a time, sharing memory
	grams    []*matrix.Dense[float64] // F_nᵀF_n
	fresh    []bool                   // whether they are those of the factors
	gram     *matrix.Dense[float64]   // their elementwise product but for one mode
	gramWork matrix.GramWork[T]
	scales   []float64 // of one mode's columns

	coarse bool    // the floor is large enough to be seen in the loss
	inside float64 // ⟨X, model⟩, when the loss came from inner products
	ridges float64 // how many times a least squares problem needed one
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

func newState[T asm.Float](x data.Tensor[T], o *settled, rank int, scale float64, pool *par.Pool, start []*matrix.Dense[T]) (*state[T], error) {
	all := math.Pow(scale, float64(len(start)))
	s := &state[T]{x: x, o: o, pool: pool, rank: rank, scale: scale, stats: x.Stats(), masked: o.Mask != nil, f: start, scales: make([]float64, rank)}
	s.Course = fitting.Course[T]{Stats: s.stats, Loss: o.Loss, ObjScale: fitting.ScaledObjective(o.Loss, all)}
	s.Begin(s, pool, "cpd", ErrShape)
	var penalties []reg.Penalty
	longest := 0
	for n, f := range start {
		s.Blocks = append(s.Blocks, reg.Block[T]{X: f})
		penalties = append(penalties, o.Penalty[n].Rescaled(s.ObjScale, scale))
		longest = max(longest, f.Rows)
	}
	if err := s.Penalize(penalties); err != nil {
		return nil, err
	}
	s.blocks = s.Blocks
	var free []reg.Block[T]
	for n, b := range s.blocks {
		if !o.fixed[n] {
			s.free = append(s.free, n)
			free = append(free, b)
		}
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
		s.Rises(s.coarse && s.ahead == nil && s.balancer != nil) // an extrapolation looks at the objective itself
	}
	return s, nil
}

// isFrobenius reports whether updates use inner products.
func (s *state[T]) isFrobenius() bool { return s.o.Loss == frobenius }

// Once updates the free factors once, in order, and balances them.
func (s *state[T]) Once() error {
	s.Known, s.Touched = fitting.Unknown(), true
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
			s.Known = fitting.Unknown()
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
	if !s.Balance(func() { scales = s.balance() }) {
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
	s.Known.Inner = (s.stats.Squares - 2*s.inside + matrix.Inner(s.gram, s.grams[mode])) / 2
	var sum float64
	for i, v := range s.gram.Data {
		sum += math.Abs(v * s.grams[mode].Data[i])
	}
	s.Known.Largest = math.Max(sum, s.stats.Squares)
}

// Inner does nothing: sweeps compute the loss by inner products themselves.
func (s *state[T]) Inner() {}

// Finish does nothing: the model stays as it is.
func (s *state[T]) Finish() {}

// Direct computes loss and squared error of the model.
func (s *state[T]) Direct(bool) (divergence, squares float64) { return s.x.Loss(s.o.Loss, s.f) }

// Accept accepts every model: sweeps look at the objective themselves.
func (s *state[T]) Accept(float64) bool { return true }

// Snapshot returns a copy of the current model, a *Model[T].
func (s *state[T]) Snapshot() any { return s.model() }

// model returns a copy of the model in the units of the given problem. What was
// given and not changed comes back with the same bits.
func (s *state[T]) model() *Model[T] {
	if s.given != nil && !s.Touched {
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
	s.Guard(limit, entries, s.rank)
}

// Matrices are the factors.
func (s *state[T]) Matrices() []*matrix.Dense[T] { return slices.Clone(s.f) }

// Forget drops all that was computed from the factors.
func (s *state[T]) Forget() {
	clear(s.fresh)
	s.x.Reset()
}
