package nnls

import (
	"math"

	"polyad/asm"
	"polyad/matrix"
	"polyad/reg"
)

// Row minimizes over one row x of a factor with normal equations of its own, as rows
// have where entries are missing,
//
//	½·xᵀGx - aᵀx + l1·||x||_1 + l2·||x||²,
//
// exactly as [Free] does for both signs and [BPP] for x ≥ 0, or by sweeps over its
// entries, each of which is minimized given the others, as [HALS] does:
//
//	x_q ← max(floor, (a_q - Σ_{s≠q} G_qs·x_s - l1) / (G_qq + 2·l2)),
//
// or with the threshold l1 from both sides. Inside all is float64 but the exact steps of
// both signs. It serves one row at a time.
type Row[T asm.Float] struct {
	step    RowStep
	l1, l2  float64
	l1Rows  []float64 // of each row, or nil
	l2Rows  []float64
	x, a    []float64
	blind   []bool                 // entries that stay
	nothing float64                // the share of what is typical that tells nothing
	system  *matrix.Dense[float64] // G with what is added to its diagonal

	largest float64 // number of T
	free    *Free[T]
	bpp     *BPP[T]
	xs, as  *matrix.Dense[T] // 1 x r for free, r x 1 for the others
}

// RowStep says how rows are minimized.
type RowStep struct {
	Signed bool
	Floor  float64
	// Most is the number of sweeps at most, fewer when a sweep changes the row by no
	// more than Delta times what the first one did; 0: exactly.
	Most  int
	Delta float64
	Held  []bool // entries that stay as they are; nil: none
}

// NewRow returns the step on rows of r entries, of which there are n, with the given
// penalty. The error is that of [CheckHALS].
func NewRow[T asm.Float](r, n int, p reg.Penalty, step RowStep) (*Row[T], error) {
	if err := CheckHALS(p); err != nil {
		return nil, err
	}
	s := &Row[T]{step: step, x: make([]float64, r), a: make([]float64, r), blind: make([]bool, r), nothing: 0x1p-40, system: matrix.New[float64](r, r), largest: math.MaxFloat64}
	if asm.SizeOf[T]() == 4 {
		s.largest, s.nothing = math.MaxFloat32, 0x1p-26
	}
	s.l1, s.l2, s.l1Rows, s.l2Rows = quadratic[float64](p, n)
	switch {
	case step.Most > 0:
	case step.Signed:
		s.free = NewFree[T](r, 1)
		s.xs, s.as = matrix.New[T](1, r), matrix.New[T](1, r)
	default:
		var err error
		if s.bpp, err = NewBPP[T](r, 1, nil, 1); err != nil {
			return nil, err
		}
		s.xs, s.as = matrix.New[T](r, 1), matrix.New[T](r, 1)
	}
	return s, nil
}

// Solve updates row i, of which so many entries were observed; typical are the means of
// what an entry adds to the diagonal of g over all rows. A row of which none is observed
// stays as it is, but for what penalties do, and so does an entry of which those that are
// tell nothing: its component is nothing there beside what it is elsewhere, and would
// become huge. It returns how many times a ridge made a matrix positive definite.
func (s *Row[T]) Solve(x []T, i, observed int, g *matrix.Dense[float64], a, typical []float64) (ridges int) {
	l1, l2 := s.l1, s.l2
	if s.l1Rows != nil {
		l1 += s.l1Rows[i]
	}
	if s.l2Rows != nil {
		l2 += s.l2Rows[i]
	}
	if observed == 0 && l1 == 0 && l2 == 0 {
		return 0
	}
	for q := range s.blind {
		d := g.At(q, q)
		s.blind[q] = d+2*l2 <= s.nothing*float64(observed)*typical[q] && !(d == 0 && l1 > 0) || s.step.Held != nil && s.step.Held[q]
	}
	if s.step.Most > 0 {
		s.sweeps(x, g, a, l1, l2)
		return 0
	}
	copy(s.system.Data, g.Data)
	copy(s.a, a)
	a = s.a
	for q := range x {
		s.system.Row(q)[q] += 2 * l2
	}
	for q, blind := range s.blind { // its part is that of the data which is explained
		if !blind {
			continue
		}
		s.x[q] = float64(x[q])
		for p := range a {
			a[p] -= g.At(p, q) * s.x[q]
			s.system.Set(p, q, 0)
			s.system.Set(q, p, 0)
		}
		a[q] = 0
	}
	defer func() {
		for q, blind := range s.blind {
			if blind {
				x[q] = T(s.x[q])
			}
		}
	}()
	if s.free != nil {
		copy(s.xs.Data, x)
		for q, v := range a {
			s.as.Data[q] = T(v)
		}
		if s.free.SetGram(s.system, 0) {
			ridges++
		}
		s.free.Step(nil, s.xs, s.as)
		copy(x, s.xs.Data)
		return ridges
	}
	for q, v := range a {
		s.xs.Data[q], s.as.Data[q] = x[q], T(max(v-l1, -s.largest))
	}
	s.bpp.SetGram(s.system)
	ridges = s.bpp.Solve(nil, s.xs, s.as)
	copy(x, s.xs.Data)
	return ridges
}

// sweeps minimizes entry by entry.
func (s *Row[T]) sweeps(x []T, g *matrix.Dense[float64], a []float64, l1, l2 float64) {
	for q, v := range x {
		s.x[q] = float64(v)
	}
	var first float64
	for n := 1; n <= s.step.Most; n++ {
		change := 0.0
		for q, v := range s.x {
			row := g.Row(q)
			den := row[q] + 2*l2
			if s.blind[q] || den == 0 && l1 == 0 {
				continue
			}
			y := a[q] + row[q]*v
			for p, w := range s.x {
				y -= row[p] * w
			}
			s.x[q] = s.entry(y, den, l1)
			change += (s.x[q] - v) * (s.x[q] - v)
		}
		if n == 1 {
			first = change
		} else if s.step.Delta > 0 && change <= s.step.Delta*s.step.Delta*first {
			break
		}
	}
	for q, v := range s.x {
		x[q] = T(v)
	}
}

// entry returns the minimizer of ½·den·x² - y·x + l1·|x|.
func (s *Row[T]) entry(y, den, l1 float64) float64 {
	switch {
	case !s.step.Signed:
		y = max(y-l1, 0)
	case y < 0:
		y = min(y+l1, 0)
	default:
		y = max(y-l1, 0)
	}
	if y != 0 {
		y /= den
	}
	if !s.step.Signed {
		y = max(y, s.step.Floor)
	}
	return y
}
