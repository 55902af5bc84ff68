package tucker

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"polyad/asm"
	"polyad/balance"
	"polyad/internal/data"
	"polyad/internal/fitting"
	"polyad/internal/par"
	"polyad/matrix"
	"polyad/reg"
	"polyad/tensor"
)

// Start is a starting point: [SVD], [Random], or a *[Model], a *[Result] or a
// *[HOSVDResult] of the data's element type. It is sealed.
type Start interface{ start() }

// Random is a start with independent entries, uniform on (0, 1] in nonnegative
// blocks and standard normal in others, scaled so that the norm of the model is
// that of the data; for HOOI the factors are made orthonormal. Each block has a
// random stream of its own, so it depends on nothing but the seed and its shape.
type Random struct{}

// SVD is the sequentially truncated HOSVD, by absolute value in nonnegative
// blocks, whose entries are then raised to a hundredth of their mean: what
// multiplicative steps multiply must not be 0. Columns beyond the number of
// singular vectors are random, of about the same size. Without penalties the
// nonnegative factor of a mode whose rank is at least its size is an identity, which
// loses nothing; where all are, the core is the data and the fit exact.
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
		return fmt.Errorf("tucker: %w: restarts is %d, must be at least 0", ErrOption, o.Restarts)
	}
	if o.Init == nil {
		o.Init = Start(SVD{})
		if o.Restarts > 1 {
			o.Init = Random{}
		}
	}
	_, seeded := o.Init.(Random)
	_, svd := o.Init.(SVD)
	o.generated = seeded || svd
	switch {
	case o.Restarts > 1 && !seeded:
		return fmt.Errorf("tucker: %w: %d restarts would all begin alike, the start does not depend on the seed; use Random{}", ErrOption, o.Restarts)
	case o.generated && len(o.Fix) > 0:
		return fmt.Errorf("tucker: %w: a fixed block needs a start that gives it; set Init to a model", ErrOption)
	}
	return nil
}

// givenStart returns the model that the options give as a start, after a look at
// all its entries, or nil for a start that is generated.
func givenStart[T asm.Float](o *settled) (*Model[T], error) {
	var given *Model[T]
	switch a := o.Init.(type) {
	case Random, SVD:
		return nil, nil
	case lostModel:
		return nil, errLost
	case *Model[T]:
		given = a
	case *Result[T]:
		if a != nil {
			given = a.Model
		}
	case *HOSVDResult[T]:
		if a != nil {
			given = a.Model
		}
	default:
		var zero T
		return nil, fmt.Errorf("tucker: %w: the start is a %T; for %T data give a *Model[%T], a *Result[%T], SVD{} or Random{}", ErrOption, a, zero, zero, zero)
	}
	if err := given.check(o); err != nil {
		return nil, err
	}
	return given, nil
}

// working returns a copy of a given start as it is worked on.
func working[T asm.Float](o *settled, given *Model[T], scale float64) *Model[T] {
	m := given.Clone()
	fitting.Rescale(m.Core.Data, scale)
	for _, f := range m.Factors {
		if f != nil && o.scaled() > 1 {
			fitting.Rescale(f.Data, scale)
		}
	}
	return m
}

// generate makes the start for data as they are worked on. It fills in the ranks
// when they are to be chosen. When the limit is over before, the start is a random
// one.
func generate[T asm.Float](ctx context.Context, o *settled, x data.Tucker[T], pool *par.Pool, limit *fitting.Limit) (m *Model[T], err error) {
	_, hooi := o.Method.(HOOI)
	_, svd := o.Init.(SVD)
	d := decomposition[T]{pool: pool, x: x, alone: o.alone, values: make([][]float64, len(o.shape)), limit: limit}
	if o.Target.IsSet() {
		if !limit.Within(pool, func() { m, err = d.meeting(ctx, o.Target.Or(0)) }) {
			return nil, limit.Err("tucker", "ranks for the target")
		}
		if err == nil {
			m, err = d.fewer(ctx, m, o, limit)
		}
		if err == nil {
			o.ranks = m.Ranks()
		}
		return m, err
	}
	m = randomModel[T](o)
	if svd {
		var found *Model[T]
		ranks, full := o.ranks, o.fullModes()
		if full != nil {
			ranks, d.alone = slices.Clone(ranks), slices.Clone(o.alone)
			for _, n := range full {
				ranks[n], d.alone[n] = o.shape[n], true
			}
		}
		svd = limit.Within(pool, func() { found, err = d.ofRanks(ctx, reachable(ranks, o.shape, d.alone)) })
		switch {
		case !svd:
		case err != nil && hooi:
			return nil, err
		case err == nil:
			if order := len(o.shape); !o.nonneg[order] && slices.Contains(o.nonneg, true) {
				// Slices of the core that are rounding errors fit the singular
				// vectors, but not their absolute values: columns would become huge.
				eps := 100 * fitting.Precision[T]()
				found.trim(eps * eps * squaresOf(found.Core))
			}
			m.take(found, o)
			o.tied = d.border || d.inside && !hooi // any basis of the space is as good there
		}
	}
	if hooi {
		if svd { // the factors are orthonormal already
			return m, m.turn(pool)
		}
		return m, m.project(x, pool)
	}
	m.match(normOf(x.Stats(), o.shape))
	return m, nil
}

// fullModes returns the modes whose nonnegative factor may begin as an identity, with
// columns again and again where there are more of them: those with a rank of at least
// their size. The core takes what any other factor would do there, so that nothing is
// lost; under penalties something may be.
func (o *settled) fullModes() (full []int) {
	if len(o.Core.Active()) > 0 {
		return nil
	}
	for n, j := range o.ranks {
		if o.nonneg[n] && j >= o.shape[n] {
			full = append(full, n)
		}
		if !o.alone[n] && len(o.Factors[n].Active()) > 0 {
			return nil
		}
	}
	return full
}

// project makes the factors orthonormal and the core the best one for them.
func (m *Model[T]) project(x data.Tucker[T], pool *par.Pool) error {
	if err := m.orthonormalize(pool); err != nil {
		return err
	}
	x.Reset()
	m.Core = x.Project(len(m.Factors), m.Factors).Clone()
	return nil
}

// randomModel draws a model.
func randomModel[T asm.Float](o *settled) *Model[T] {
	draw := func(x []T, block int) {
		r := rand.New(rand.NewPCG(o.Seed, uint64(block)))
		for i := range x {
			if o.nonneg[block] {
				x[i] = T(1 - r.Float64())
			} else {
				x[i] = T(r.NormFloat64())
			}
		}
	}
	m := &Model[T]{Core: tensor.New[T](o.ranks...), Factors: make([]*matrix.Dense[T], len(o.shape))}
	for n, alone := range o.alone {
		if !alone {
			m.Factors[n] = matrix.New[T](o.shape[n], o.ranks[n])
			draw(m.Factors[n].Data, n)
		}
	}
	draw(m.Core.Data, len(o.shape))
	return m
}

// reachable returns ranks that orthonormal factors can have, none above those
// given.
func reachable(ranks, shape []int, alone []bool) []int {
	r := slices.Clone(ranks)
	for changed := true; changed; {
		changed = false
		for n := range r {
			most := int(math.Min(float64(shape[n]), productOfOthers(r, n)))
			if !alone[n] && r[n] > most {
				r[n], changed = most, true
			}
		}
	}
	return r
}

// take replaces the columns and slices of a random model by those of an HOSVD, as
// far as there are, and makes the others about as large. A mode that the HOSVD has
// left alone gets an identity; where all are so, the model is the data, as far as
// they have the signs.
func (m *Model[T]) take(found *Model[T], o *settled) {
	found, exact := found.spread(o)
	small := T(math.Sqrt(squaresOf(found.Core) / float64(found.Core.Len())))
	for i := range m.Core.Data {
		m.Core.Data[i] *= small
	}
	part := m.Core
	for n, j := range found.Core.Shape {
		part = part.Slice(n, 0, j)
	}
	put(part, found.Core.Contiguous().Data)
	for n, f := range m.Factors {
		if f == nil {
			continue
		}
		u := found.Factors[n]
		small := T(1 / math.Sqrt(float64(f.Rows)))
		for i := range f.Rows {
			row := f.Row(i)
			copy(row, u.Row(i))
			for q := u.Cols; q < f.Cols; q++ {
				row[q] *= small
			}
		}
		if o.nonneg[n] && !found.identity(n, o) {
			raise(f.Data)
		}
	}
	switch order := len(m.Factors); {
	case exact && o.nonneg[order]:
		for i, v := range m.Core.Data {
			m.Core.Data[i] = max(v, 0)
		}
	case o.nonneg[order]:
		raise(m.Core.Data)
	}
}

// identity reports whether the factor of a mode of which [settled.fullModes] has made
// an HOSVD without it is an identity.
func (m *Model[T]) identity(n int, o *settled) bool {
	return m.Factors[n] != nil && slices.Contains(o.fullModes(), n)
}

// spread returns the model with an identity for each factor that it lacks and the
// options ask for, and whether it has no other factors. With more columns than rows
// the unit columns come again, and the slices of the core are shared out among them.
func (m *Model[T]) spread(o *settled) (all *Model[T], only bool) {
	all, only = &Model[T]{Core: m.Core, Factors: slices.Clone(m.Factors)}, true
	turns := make([]*matrix.Dense[T], len(m.Factors))
	for n, f := range m.Factors {
		if o.alone[n] || f != nil {
			only = only && f == nil
			continue
		}
		size, rank := o.shape[n], o.ranks[n]
		all.Factors[n], turns[n] = matrix.New[T](size, rank), matrix.New[T](rank, size)
		for q := range rank {
			all.Factors[n].Set(q%size, q, 1)
			copies := (rank-1-q%size)/size + 1
			turns[n].Set(q, q%size, T(1/float64(copies)))
		}
	}
	all.Core = tensor.MultiModeProduct(nil, m.Core, turns, false)
	return all, only
}

// put writes the entries of a view one after the other.
func put[T asm.Float](x *tensor.Dense[T], from []T) {
	if x.Order() == 1 {
		for i, v := range from {
			x.Data[i*x.Strides[0]] = v
		}
		return
	}
	step := len(from) / x.Shape[0]
	for i := range x.Shape[0] {
		at := x.Data[i*x.Strides[0]:]
		put(&tensor.Dense[T]{Shape: x.Shape[1:], Strides: x.Strides[1:], Data: at}, from[i*step:(i+1)*step])
	}
}

// raise replaces entries by their absolute values and raises those below a
// hundredth of the mean to that.
func raise[T asm.Float](x []T) {
	var sum float64
	for i, v := range x {
		x[i] = max(v, -v)
		sum += float64(x[i])
	}
	floor := T(sum / float64(len(x)) / 100)
	for i, v := range x {
		x[i] = max(v, floor)
	}
}

// match makes the norm of the model want, all blocks by the same factor.
func (m *Model[T]) match(want float64) {
	norm := m.Norm()
	if !(norm > 0 && want > 0) {
		return
	}
	blocks := 1.0
	for _, f := range m.Factors {
		if f != nil {
			blocks++
		}
	}
	c := math.Pow(want/norm, 1/blocks)
	for i, v := range m.Core.Data {
		m.Core.Data[i] = T(c * float64(v))
	}
	for _, f := range m.Factors {
		if f == nil {
			continue
		}
		for i, v := range f.Data {
			f.Data[i] = T(c * float64(v))
		}
	}
}

// begin scales and balances the starting point. Scaling takes passes over the data
// and is left out when the limit is over. Penalties that drive the blocks out of the
// range of their type, or below a floor that is the default one, are an error.
func (s *state[T]) begin(limit *fitting.Limit, defaultFloor bool) error {
	if _, hooi := s.o.Method.(HOOI); hooi {
		return nil // the core is the best one for the factors, or as it was given
	}
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
	r := fitting.Range[T]{Package: "tucker", Given: s.given != nil, Size: s.Size}
	if defaultFloor {
		r.Eps = float64(s.eps)
	}
	for _, n := range s.free {
		b := fitting.Ranged[T]{Name: "the core", Block: s.blocks[n], Penalty: s.o.Core, Floored: s.o.nonneg[n]}
		if n < len(s.f) {
			b.Name, b.Penalty = fmt.Sprint("mode ", n), s.o.Factors[n]
		}
		r.Blocks = append(r.Blocks, b)
	}
	fitting.Begin(s.given == nil, fitting.Mixed(penalties...), scale, even, r.Finite)
	if s.Touched && s.stats.Squares > 0 {
		if err := r.Check(); err != nil {
			return err
		}
	}
	if s.Touched || s.given == nil {
		// The first sweep would raise the entries anyway, and the objective with them.
		s.floor(s.blocks)
		for _, n := range s.free {
			s.changed(n)
		}
	}
	return nil
}

// initialScale multiplies the free blocks by the common factor that fits them to
// data and penalties best, and returns its logarithm.
func (s *state[T]) initialScale() (logEta float64) {
	sums := s.startSums()
	if core := len(s.f); sums.XM < 0 && s.given == nil && !s.o.nonneg[core] {
		// The model of a start of random signs points away from the data.
		fitting.Rescale(s.core.Data, -1)
		sums.XM, sums.M = -sums.XM, -sums.M
	}
	var cols []*reg.Columns
	for _, n := range s.free {
		cols = append(cols, s.blocks[n].Columns())
	}
	logEta = balance.InitialScale(s.o.Loss, sums, len(s.free), cols...)
	for _, n := range s.free {
		log := make([]float64, s.blocks[n].Components())
		for q := range log {
			log[q] = logEta
		}
		s.blocks[n].Scale(log)
		s.changed(n)
	}
	return logEta
}

// startSums computes what the initial scale needs to know.
func (s *state[T]) startSums() balance.Sums {
	sums := balance.Sums{X: s.stats.Sum, M: s.modelSum()}
	switch {
	case s.masked():
		return s.observedSums()
	case s.projected:
		sums.XM, sums.MM = s.inner()
	}
	return sums
}

// modelSum returns the sum of the model's entries, the core times the column sums
// of the factors.
func (s *state[T]) modelSum() float64 {
	core := tensor.New[float64](s.core.Shape...)
	for i, v := range s.core.Data {
		core.Data[i] = float64(v)
	}
	sums := make([]*matrix.Dense[float64], len(s.f))
	for n, f := range s.f {
		if f == nil {
			continue
		}
		sums[n] = matrix.New[float64](1, f.Cols)
		for i := range f.Rows {
			for q, v := range f.Row(i) {
				sums[n].Data[q] += float64(v)
			}
		}
	}
	var sum float64
	for _, v := range tensor.MultiModeProduct(nil, core, sums, false).Data {
		sum += v
	}
	return sum
}
