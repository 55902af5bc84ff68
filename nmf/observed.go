package nmf

import (
	"polyad/asm"
	"polyad/internal/data"
	"polyad/internal/fitting"
	"polyad/internal/nnls"
	"polyad/matrix"
)

// observed fits W and H to the observed entries of data of which others are missing:
// with the v_e that are observed in row i of V, and h_e the columns of H that belong to
// them, row w of W minimizes
//
//	½·Σ_e (v_e - ⟨h_e, w⟩)² + penalties,  w ≥ 0,
//
// exactly for [ANLS] and by sweeps over its entries for [HALS]; and so the columns of H.
// Sweeps are extrapolated, whatever the method says, as few entries are fitted slowly. One
// costs r² + 2·r flops for each observed entry and factor, and r³/3 or r² for each row.
type observed[T asm.Float] struct {
	*state[T]
	rows [][2]*nnls.Row[T]  // by worker, of W and H
	f    []*matrix.Dense[T] // W and Hᵀ
	mode int
	each func(data.Equations)
	made []float64 // ridges, by worker
}

// exact reports whether the fit is one of [observed].
func (s *state[T]) exact() bool {
	m, n := s.x.Dims()
	switch s.o.Method.(type) {
	case MU, ALS:
		return false
	}
	return s.masked && fitting.Exact(s.stats.Count, m*n, s.w.Cols, 2, s.parameters())
}

func newObserved[T asm.Float](s *state[T]) (*observed[T], error) {
	o := &observed[T]{state: s, made: make([]float64, s.pool.Workers()), f: []*matrix.Dense[T]{s.w, s.h.Transpose()}}
	m, n := s.x.Dims()
	for range s.pool.Workers() {
		var rows [2]*nnls.Row[T]
		for k, size := range [2]int{m, n} {
			step := nnls.RowStep{Floor: float64(s.eps), Held: [2][]bool{s.heldW, s.heldH}[k]}
			if a, ok := s.o.Method.(HALS); ok {
				if step.Most = a.Inner; a.Inner == 0 {
					step.Most, step.Delta = innerSweeps(a.Alpha.Or(0.5), size, m+n-size, s.w.Cols), a.Delta.Or(0.1)
				}
			}
			var err error
			if rows[k], err = nnls.NewRow[T](s.w.Cols, size, s.Blocks[k].Penalty, step); err != nil {
				return nil, err
			}
		}
		o.rows = append(o.rows, rows)
	}
	o.each = func(e data.Equations) {
		row := o.rows[e.Worker][o.mode]
		o.made[e.Worker] += float64(row.Solve(o.f[o.mode].Row(e.Row), e.Row, e.Observed, e.G, e.A, e.Typical))
	}
	s.Numbers = append(s.Numbers, &s.ridges)
	s.extra = newAhead(s, nil)
	return o, nil
}

func (o *observed[T]) updateW() { o.update(0) }

func (o *observed[T]) updateH() {
	o.update(1)
	o.f[1].TransposeTo(o.h)
}

func (o *observed[T]) update(mode int) {
	o.h.TransposeTo(o.f[1])
	o.mode = mode
	o.x.Equations(o.pool, mode, o.f, o.each)
	for w, n := range o.made {
		o.ridges += n
		o.made[w] = 0
	}
}
