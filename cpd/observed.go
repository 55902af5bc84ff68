package cpd

import (
	"polyad/asm"
	"polyad/internal/data"
	"polyad/internal/fitting"
	"polyad/internal/nnls"
	"polyad/tensor"
)

// observed fits factors to the observed entries of data of which others are missing:
// with the x_e that are observed in row i of the unfolding X_(n), and k_e the rows of the
// Khatri-Rao product of the other modes' factors that belong to them, row f of F_n
// minimizes
//
//	½·Σ_e (x_e - ⟨k_e, f⟩)² + penalties,
//
// exactly for [ALS] (G. Tomasi, R. Bro, PARAFAC and missing values, Chemometrics and
// Intelligent Laboratory Systems 75, 2005), by sweeps over its entries for [HALS]. Sweeps
// are extrapolated whatever the method says, as few entries are fitted slowly. A sweep
// costs r² + N·r flops for each observed entry and mode, and r³/3 or r² for each
// row.
type observed[T asm.Float] struct {
	*state[T]
	rows [][]*nnls.Row[T] // by worker, then mode
	mode int
	each func(data.Equations)
	made []float64 // ridges, by worker
}

// exact reports whether the fit is one of [observed].
func (s *state[T]) exact() bool {
	entries, _ := tensor.Elements(s.o.shape)
	return s.masked && s.isFrobenius() && fitting.Exact(s.stats.Count, entries, s.rank, len(s.f), s.parameters())
}

func newObserved[T asm.Float](s *state[T]) (*observed[T], error) {
	a := &observed[T]{state: s, made: make([]float64, s.pool.Workers())}
	for range s.pool.Workers() {
		rows := make([]*nnls.Row[T], len(s.f))
		for _, n := range s.free {
			step := nnls.RowStep{Signed: !s.o.nonneg[n], Floor: float64(s.eps)}
			if h, ok := s.o.Method.(HALS); ok {
				step.Most, step.Delta = s.inner(h, n)
			}
			var err error
			if rows[n], err = nnls.NewRow[T](s.rank, s.f[n].Rows, s.blocks[n].Penalty, step); err != nil {
				return nil, err
			}
		}
		a.rows = append(a.rows, rows)
	}
	a.each = func(e data.Equations) {
		row := a.rows[e.Worker][a.mode]
		a.made[e.Worker] += float64(row.Solve(a.f[a.mode].Row(e.Row), e.Row, e.Observed, e.G, e.A, e.Typical))
	}
	s.Numbers = append(s.Numbers, &s.ridges)
	if s.ahead == nil && s.o.Balance != BalanceBlock {
		s.ahead = newAhead(s)
	}
	return a, nil
}

func (a *observed[T]) update(mode int) {
	a.mode = mode
	a.x.Equations(mode, a.f, a.each)
	for w, n := range a.made {
		a.ridges += n
		a.made[w] = 0
	}
}
