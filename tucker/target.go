package tucker

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"polyad/asm"
	"polyad/internal/data"
	"polyad/internal/fitting"
	"polyad/internal/hosvd"
	"polyad/matrix"
	"polyad/solver"
)

// Ranks for an error: of all ranks at which a model keeps to it those that store the
// fewest numbers. With G the core of an HOSVD of all ranks, the leading part of G
// and the leading columns of the factors are the truncated HOSVD of its ranks, with
// the squared error Σ g² over what is left out, exactly; one walk through G has that
// for every choice of ranks (package internal/hosvd). A model that is fitted has
// less error at the same ranks, so HOOI goes on from there at ranks of fewer numbers
// (C. Xiao, C. Yang, A rank-adaptive higher-order orthogonal iteration algorithm for
// truncated Tucker decomposition, arXiv:2110.12564, 2021, shrink the fitted core
// likewise). No model of whatever factors has ranks at which the slices of G beyond
// them, along one mode, leave out too much, nor is the error of the truncated HOSVD
// more than √N times the least one; that bounds which ranks are worth a fit.

// cutShare is the part of the squared error that is left out before the ranks are
// chosen, so that they are chosen on a small array.
const cutShare = 1e-3

// meeting decomposes with ranks that meet the target, and measures the error. Where
// rounding makes it too large after all, less is aimed at.
func (d *decomposition[T]) meeting(ctx context.Context, target float64) (*Model[T], error) {
	below := 1e-6
	if asm.SizeOf[T]() == 4 {
		below = 1e-2
	}
	modes := 0.0
	for _, alone := range d.alone {
		if !alone {
			modes++
		}
	}
	budget := target * target * d.x.Stats().Squares
	most, back := budget, 1.0
	for range 20 {
		left := 0.0
		whole, err := d.project(ctx, func(x data.Unfoldings[T], n int) (*matrix.Dense[T], bool) {
			u, s, ok := x.All(n, target < below)
			if !ok {
				return nil, false
			}
			rank, tail := rankFor(s, cutShare*most/modes)
			left += tail
			d.values[n] = s
			return u.View(0, 0, u.Rows, rank).Clone(), true
		})
		if err != nil {
			return nil, err
		}
		m, err := whole.fewest(d, most-left)
		if err != nil {
			return nil, err
		}
		squares := d.squares(m)
		if fitting.RelError(squares, d.x.Stats().Squares) <= target {
			d.whole, d.left = whole, left
			return m, nil
		}
		back *= 2
		most = max(most-back*(squares-budget), most/2)
	}
	return nil, fmt.Errorf("tucker: %w: the target %v is within the rounding errors of these data; use a larger one", ErrOption, target)
}

// rankFor returns the smallest rank, at least 1, at which the squares of the
// singular values beyond it sum up to no more than most, and that sum.
func rankFor(s []float64, most float64) (rank int, tail float64) {
	rank = len(s)
	for rank > 1 {
		v := s[rank-1] * s[rank-1]
		if tail+v > most {
			break
		}
		tail += v
		rank--
	}
	return rank, tail
}

// sizes returns what is known of smaller cores, that leave out at most so much, and
// the squares of the core's entries.
func (m *Model[T]) sizes(most float64) (*hosvd.Sizes, []float64) {
	s := &hosvd.Sizes{Shape: m.Core.Shape, Rows: make([]int, len(m.Factors)), Most: most}
	for n, f := range m.Factors {
		if f != nil {
			s.Rows[n] = f.Rows
		}
	}
	core := m.Core.Contiguous()
	squares := make([]float64, core.Len())
	for e, v := range core.Data[:len(squares)] {
		squares[e] = float64(v) * float64(v)
	}
	return s, squares
}

// fewest returns the model of the fewest numbers among those that leave out slices of
// the core whose squares add up to most. As the slices of a smaller core can be made
// orthogonal and ordered anew, that is done until nothing more can be left out.
func (m *Model[T]) fewest(d *decomposition[T], most float64) (*Model[T], error) {
	for {
		s, squares := m.sizes(most)
		s.Over = d.limit.Over
		ranks, left := s.Fewest(squares)
		most -= left
		before := m.Stored()
		m = m.leading(ranks)
		if err := m.turn(d.pool); err != nil {
			return nil, err
		}
		if left == 0 && m.Stored() == before {
			return m, nil
		}
	}
}

// leading returns a copy of the leading part of the core and the leading columns of
// the factors.
func (m *Model[T]) leading(ranks []int) *Model[T] {
	part := &Model[T]{Core: m.Core, Factors: make([]*matrix.Dense[T], len(m.Factors))}
	for n, j := range ranks {
		part.Core = part.Core.Slice(n, 0, j)
		if f := m.Factors[n]; f != nil {
			part.Factors[n] = f.View(0, 0, f.Rows, j).Clone()
		}
	}
	part.Core = part.Core.Clone()
	return part
}

// Fits at fewer numbers. Where all of them together are small work, all are tried
// until one meets the target, else some on the way to the best one.
const (
	everyWork   = 1 << 16 // choices of ranks times the entries of the core
	everySweeps = 60
	someSweeps  = 10
	closeEnough = .01 // of the stored numbers
)

// fewer looks for a model of fewer numbers than m, which [decomposition.meeting] has
// found, that meets the target when it is fitted; m when there is none, or there is
// no time to find one.
func (d *decomposition[T]) fewer(ctx context.Context, m *Model[T], o *settled, limit *fitting.Limit) (*Model[T], error) {
	target := o.Target.Or(0)
	budget := target * target * d.x.Stats().Squares
	// The error of the fit is computed anew; it is not to be above for rounding.
	budget *= 1 - min(.5, 16*fitting.Precision[T]()/target)
	s, squares := d.whole.sizes(budget - d.left)
	s.Least = s.LeastRanks(squares)
	s.Most *= float64(len(s.Shape))
	s.Over = limit.Over
	tries := trial[T]{decomposition: d, ctx: ctx, o: o, limit: limit, budget: budget}
	known := m.Stored()
	every, all := []hosvd.Candidate{}, true
	frontier := hosvd.NewFrontier(known)
	s.Each(squares, known-1, func(ranks []int, stored int, left float64) int {
		for n, r := range ranks {
			if !d.alone[n] && float64(r) > productOfOthers(ranks, n) {
				return known - 1
			}
		}
		frontier.Add(ranks, stored, left)
		if all = all && (len(every)+1)*len(squares) <= everyWork; all {
			every = append(every, hosvd.Candidate{Ranks: append([]int(nil), ranks...), Stored: stored, Left: left})
		}
		return known - 1
	})
	if all {
		return tries.first(m, every)
	}
	return tries.between(m, frontier.List())
}

// trial fits at ranks that are tried.
type trial[T asm.Float] struct {
	*decomposition[T]
	ctx    context.Context
	o      *settled
	limit  *fitting.Limit
	budget float64 // what the squared error may be
}

// first returns the model of the fewest numbers that meets the target, of all that
// are given, or else m.
func (t *trial[T]) first(m *Model[T], all []hosvd.Candidate) (*Model[T], error) {
	slices.SortStableFunc(all, func(a, b hosvd.Candidate) int {
		return cmp.Or(cmp.Compare(a.Stored, b.Stored), cmp.Compare(a.Left, b.Left))
	})
	for _, c := range all {
		found, err := t.fit(c.Ranks, everySweeps)
		switch {
		case err != nil:
			return nil, err
		case found != nil:
			return found, nil
		case t.limit.Over():
			return m, nil
		}
	}
	return m, nil
}

// between halves the range between ranks that fail and ranks that meet the target,
// until they are close, and returns the model of the best of these.
func (t *trial[T]) between(m *Model[T], all []hosvd.Candidate) (*Model[T], error) {
	fails, meets := -1, len(all)
	for meets-fails > 1 && !t.limit.Over() {
		if known := float64(m.Stored()); known-float64(all[fails+1].Stored) < closeEnough*known {
			break
		}
		k := (fails + meets) / 2
		found, err := t.fit(all[k].Ranks, someSweeps)
		if err != nil {
			return nil, err
		}
		if found == nil {
			fails = k
		} else {
			m, meets = found, k
		}
	}
	return m, nil
}

// fit fits the small array from the truncated HOSVD of these ranks and returns the
// model of the data, nil when it does not meet the target or there was no time.
func (t *trial[T]) fit(ranks []int, sweeps int) (found *Model[T], err error) {
	x := t.whole.Core
	start := &Model[T]{Core: x, Factors: make([]*matrix.Dense[T], len(ranks))}
	for n, f := range t.whole.Factors {
		if f != nil {
			start.Factors[n] = matrix.New[T](f.Cols, f.Cols)
			for q := range f.Cols {
				start.Factors[n].Set(q, q, 1)
			}
		}
	}
	within := within{most: math.Sqrt((t.budget - t.left) / squaresOf(x)), sweeps: sweeps}
	run := solver.Options{MaxIter: solver.Set(sweeps), MaxTime: t.o.Run.MaxTime, Start: t.o.Run.Start,
		Observe: []solver.Observer{func(e solver.Event) bool { return within.decided(e.Point) || t.limit.Over() }}}
	o, err := (&Options{Method: HOOI{}, Modes: t.o.Modes, Init: start.leading(ranks), Workers: t.o.Workers, Run: run}).effective(x.Shape, ranks)
	if err != nil {
		return nil, err
	}
	given, err := givenStart[T](o)
	if err != nil {
		return nil, err
	}
	whole := t.limit.Within(t.pool, func() {
		var r *Result[T]
		if r, err = fitOnce(t.ctx, x, o, 1, t.pool, given); r == nil || err != nil || !(r.RelError <= within.most) {
			return
		}
		found = r.Model
		for n, f := range found.Factors {
			if f != nil {
				basis := t.whole.Factors[n]
				found.Factors[n] = matrix.New[T](basis.Rows, f.Cols)
				matrix.Gemm(t.pool, false, false, 1, basis, f, 0, found.Factors[n])
			}
		}
		if !(t.squares(found) <= t.budget) {
			found = nil
		}
	})
	if !whole || t.limit.Over() {
		return nil, nil
	}
	return found, err
}

// within follows a fit that is to come to an error within so many sweeps.
type within struct {
	most   float64 // the relative error
	sweeps int
	before float64 // its square at the point before
}

// decided reports whether the error is met, or so far off that the sweeps that are left
// would not meet it if each gained twice what this one did: the gains of HOOI fall,
// as a rule from the first sweep on.
func (w *within) decided(p solver.Point) bool {
	now := p.RelError * p.RelError
	gain := w.before - now
	w.before = now
	return p.RelError <= w.most || p.Iter > 1 && now-2*gain*float64(w.sweeps-p.Iter) > w.most*w.most
}
