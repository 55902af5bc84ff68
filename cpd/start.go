package cpd

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"polyad/asm"
	"polyad/balance"
	"polyad/internal/data"
	"polyad/internal/fitting"
	"polyad/internal/hosvd"
	"polyad/internal/par"
	"polyad/matrix"
	"polyad/reg"
	"polyad/tensor"
)

// Start is a starting point: [SVD], [Random], [Compressed], or a *[Model] or a *[Result] of the
// data's element type. It is sealed.
type Start interface{ start() }

// Random is a start with independent entries, uniform on (0, 1] in nonnegative
// modes and standard normal in others, scaled so that the norm of the model is
// that of the data. Each factor has a random stream of its own, so it depends on
// nothing but the seed and its shape.
type Random struct{}

// SVD is a start whose factors are the leading left singular vectors of the
// unfoldings, by absolute value in nonnegative modes. Columns beyond the number
// of singular vectors whose values are told from rounding errors are random, of about
// the same size. Missing entries count as
// the mean of the observed ones; vectors out of range are random ones.
type SVD struct{}

func (Random) start()    {}
func (SVD) start()       {}
func (*Model[T]) start() {}

// String returns "random".
func (Random) String() string { return "random" }

// String returns "svd".
func (SVD) String() string { return "svd" }

// start settles the starting point.
func (o *settled) start() error {
	if o.Restarts < 0 {
		return fmt.Errorf("cpd: %w: restarts is %d, must be at least 0", ErrOption, o.Restarts)
	}
	if o.Init == nil {
		o.Init = Start(SVD{})
		if o.Restarts > 1 || len(o.Nonneg) > 0 {
			o.Init = Random{}
		}
	}
	seeded := false
	switch o.Init.(type) {
	case Random:
		o.generated, seeded = true, true
	case SVD, Compressed:
		o.generated = true
	}
	switch {
	case o.Restarts > 1 && !seeded:
		return fmt.Errorf("cpd: %w: %d restarts would all begin alike, the start does not depend on the seed; use Random{}", ErrOption, o.Restarts)
	case o.generated && len(o.Fix) > 0:
		return fmt.Errorf("cpd: %w: a fixed factor needs a start that gives it; set Init to a model", ErrOption)
	}
	return nil
}

// givenStart returns the model that the options give as a start, after a look at
// all its entries, or nil for a start that is generated.
func givenStart[T asm.Float](o *settled, rank int) (*Model[T], error) {
	var given *Model[T]
	switch a := o.Init.(type) {
	case Random, SVD, Compressed:
		return nil, nil
	case lostModel:
		return nil, errLost
	case *Model[T]:
		given = a
	case *Result[T]:
		if a != nil {
			given = a.Model
		}
	default:
		var zero T
		return nil, fmt.Errorf("cpd: %w: the start is a %T; for %T data give a *Model[%T], a *Result[%T], SVD{}, Compressed{} or Random{}", ErrOption, a, zero, zero, zero)
	}
	return given, given.check(o, rank)
}

// working returns the factors of a given start times scale, the weights being in
// the first free one.
func working[T asm.Float](given *Model[T], o *settled, scale float64) []*matrix.Dense[T] {
	f := given.Clone().Factors
	if given.Weights != nil {
		f[o.carrier()] = weighted(f[o.carrier()], given.Weights)
	}
	for _, m := range f {
		fitting.Rescale(m.Data, scale)
	}
	return f
}

// generate makes the start for data x that are worked on as v, factors times scale.
// It is a random one when the limit is over before another is made.
func generate[T asm.Float](ctx context.Context, o *settled, x *tensor.Dense[T], v data.Tensor[T], rank int, scale float64, pool *par.Pool, limit *fitting.Limit) (f []*matrix.Dense[T], report *Compression, err error) {
	all := math.Pow(scale, float64(len(o.shape)))
	switch o.Init.(type) {
	case Compressed:
		if f, report, err = compressed(ctx, o, x, rank, pool, limit); err != nil || f == nil {
			break
		}
		for _, m := range f {
			fitting.Rescale(m.Data, scale)
		}
		return f, report, nil
	case SVD:
		f = singular(o, x, v, rank, all, pool, limit)
	}
	if err != nil {
		return nil, nil, err
	}
	if f == nil {
		return randomStart(o, v, rank, o.Seed), nil, nil
	}
	matchNorm(f, o.shape, v)
	return f, nil, nil
}

// randomStart makes the factors of a [Random] start.
func randomStart[T asm.Float](o *settled, v data.Tensor[T], rank int, seed uint64) (f []*matrix.Dense[T]) {
	for n, size := range o.shape {
		f = append(f, randomFactor[T](seed, n, size, rank, o.nonneg[n]))
	}
	matchNorm(f, o.shape, v)
	return f
}

// singular makes the factors of an [SVD] start, but for their norms, nil when the
// limit is over before.
func singular[T asm.Float](o *settled, x *tensor.Dense[T], v data.Tensor[T], rank int, all float64, pool *par.Pool, limit *fitting.Limit) (f []*matrix.Dense[T]) {
	for n, size := range o.shape {
		m := randomFactor[T](o.Seed, n, size, rank, o.nonneg[n])
		var u *matrix.Dense[T]
		var s []float64
		ok, next := true, math.NaN()
		whole := limit.Within(pool, func() {
			if o.Mask == nil {
				u, s, next, ok = hosvd.LeadingNext(pool, x, n, rank, o.Seed)
			} else {
				u, s, ok = hosvd.LeadingMasked(pool, x, o.Mask, T(v.Stats().Mean()/all), n, rank, o.Seed)
			}
		})
		if !whole {
			return nil
		}
		if ok {
			leading(m, u.View(0, 0, u.Rows, hosvd.Count[T](s)), o.nonneg[n])
			inside, border := hosvd.Tied[T](s, next)
			o.tied = o.tied || inside || border
		}
		f = append(f, m)
	}
	return f
}

// matchNorm gives the model of the factors the norm of the data.
func matchNorm[T asm.Float](f []*matrix.Dense[T], shape []int, v data.Tensor[T]) {
	entries, _ := tensor.Elements(shape)
	norm, stats := tensor.CP[T]{Factors: f}.Norm(), v.Stats()
	if want := math.Sqrt(stats.Squares * (float64(entries) / float64(stats.Count))); norm > 0 && want > 0 {
		c := math.Pow(want/norm, 1/float64(len(f)))
		for _, m := range f {
			for i := range m.Data {
				m.Data[i] = T(c * float64(m.Data[i]))
			}
		}
	}
}

// randomFactor draws a factor.
func randomFactor[T asm.Float](seed uint64, mode, rows, rank int, nonneg bool) *matrix.Dense[T] {
	r := rand.New(rand.NewPCG(seed, uint64(mode)))
	f := matrix.New[T](rows, rank)
	for i := range f.Data {
		if nonneg {
			f.Data[i] = T(1 - r.Float64())
		} else {
			f.Data[i] = T(r.NormFloat64())
		}
	}
	return f
}

// leading replaces columns of a random factor by singular vectors, as far as
// there are, and makes the norms of the others about 1.
func leading[T asm.Float](f, u *matrix.Dense[T], nonneg bool) {
	small := T(1 / math.Sqrt(float64(f.Rows)))
	for i := range f.Rows {
		row := f.Row(i)
		for q, v := range u.Row(i) {
			if nonneg && v < 0 {
				v = -v
			}
			row[q] = v
		}
		for q := u.Cols; q < f.Cols; q++ {
			row[q] *= small
		}
	}
}

// begin scales and balances the starting point. Scaling takes passes over the data
// and is left out when the limit is over. Penalties that drive the factors out of
// the range of their type, or below a floor that is the default one, are an error.
func (s *state[T]) begin(limit *fitting.Limit, defaultFloor bool) error {
	var scale func() float64
	if s.o.ScaleInit.Or(false) && !limit.Over() {
		scale = s.initialScale
	}
	var even func()
	if s.balancer != nil {
		even = func() { s.balance() }
	}
	s.Touched = scale != nil || even != nil
	var penalties []reg.Penalty
	for _, b := range s.blocks {
		penalties = append(penalties, b.Penalty)
	}
	r := fitting.Range[T]{Package: "cpd", Given: s.given != nil, Size: s.Size}
	if defaultFloor {
		r.Eps = float64(s.eps)
	}
	for _, n := range s.free {
		r.Blocks = append(r.Blocks, fitting.Ranged[T]{Name: fmt.Sprint("mode ", n), Block: s.blocks[n], Penalty: s.o.Penalty[n], Floored: s.o.nonneg[n]})
	}
	fitting.Begin(s.given == nil, fitting.Mixed(penalties...), scale, even, r.Finite)
	if s.Touched && s.stats.Squares > 0 {
		if err := r.Check(); err != nil {
			return err
		}
	}
	s.even()
	return nil
}

// initialScale multiplies the free factors by the common factor that fits them to
// data and penalties best, and returns its logarithm.
func (s *state[T]) initialScale() (logEta float64) {
	sums := s.startSums()
	if sums.XM < 0 && s.given == nil {
		// The model of a start of random signs points away from the data.
		for _, n := range s.free {
			if !s.o.nonneg[n] {
				fitting.Rescale(s.f[n].Data, -1)
				sums.XM, sums.M = -sums.XM, -sums.M
				s.changed(n)
				break
			}
		}
	}
	var cols []*reg.Columns
	for _, n := range s.free {
		cols = append(cols, s.blocks[n].Columns())
	}
	logEta = balance.InitialScale(s.o.Loss, sums, len(s.free), cols...)
	for q := range s.scales {
		s.scales[q] = logEta
	}
	for _, n := range s.free {
		s.blocks[n].Scale(s.scales)
		s.changed(n)
	}
	return logEta
}

// startSums computes what the initial scale needs to know.
func (s *state[T]) startSums() balance.Sums {
	if s.masked {
		return s.observedSums()
	}
	sums := balance.Sums{X: s.stats.Sum}
	for q := range s.rank {
		product := 1.0
		for _, f := range s.f {
			var sum float64
			for i := range f.Rows {
				sum += float64(f.Row(i)[q])
			}
			product *= sum
		}
		sums.M += product
	}
	if s.isFrobenius() {
		num := s.product(0)
		sums.XM = matrix.Inner(num, s.f[0])
		s.gramWork.Gram(s.pool, s.grams[0], s.f[0], false)
		s.fresh[0] = true
		sums.MM = matrix.Inner(s.gram, s.grams[0])
	}
	return sums
}
