package nmf

import (
	"fmt"

	"polyad/asm"
	"polyad/balance"
	"polyad/internal/data"
	"polyad/loss"
	"polyad/matrix"
)

// checkMask reports a mask that does not fit m x n data; one by which nothing is
// missing is taken out.
func (o *Options) checkMask(m, n int) error {
	if o.Mask == nil || m < 1 || n < 1 { // data without entries are refused later
		return nil
	}
	if a := o.Mask; a.Rows != m || a.Cols != n || !a.Valid() {
		return fmt.Errorf("nmf: %w: the mask is %d x %d with %d words, and the data are %d x %d", ErrShape, a.Rows, a.Cols, len(a.Bits), m, n)
	}
	switch o.Mask.Count() {
	case 0:
		return fmt.Errorf("nmf: %w: the mask observes no entry, so there is nothing to fit", ErrData)
	case m * n:
		o.Mask = nil
	}
	return nil
}

// watch looks at the observed entries of a part of a row at a time.
type watch[T asm.Float] struct {
	mask    *matrix.Mask
	row, j0 int
	values  []T   // those of the part, or copies of the observed ones
	columns []int // of the values, when there is a mask
}

// look turns to a part of row i from column j0 on.
func (s *watch[T]) look(part []T, i, j0 int) {
	s.row, s.j0 = i, j0
	if s.mask == nil {
		s.values = part
		return
	}
	s.values, s.columns = s.values[:0], s.columns[:0]
	row := s.mask.Row(i)
	for j, v := range part {
		if j += j0; row[j/64]>>(j%64)&1 != 0 {
			s.values, s.columns = append(s.values, v), append(s.columns, j)
		}
	}
}

// column returns the column of value k.
func (s *watch[T]) column(k int) int {
	if s.mask == nil {
		return s.j0 + k
	}
	return s.columns[k]
}

// newData returns x times scale as data that may miss entries.
func newData[T asm.Float](x *matrix.Dense[T], mask *matrix.Mask, scale, floor float64, workers int) data.Matrix[T] {
	if mask == nil {
		return data.NewDense(x, scale, floor, workers)
	}
	return data.NewMasked(x, mask, scale, floor, workers)
}

// observedSums is startSums over the observed entries: with M the mask and Y = WH
// they are <M, Y> = <MHᵀ, W>, the denominators at β = 1, <M∘X, Y> = <(M∘X)Hᵀ, W>
// and <M∘Y, Y> = <(M∘Y)Hᵀ, W>, the products at β = 2.
func (s *state[T]) observedSums() balance.Sums {
	s.denominators()
	s.x.UseH(s.h)
	pass := &sumsTask[T]{state: s, l: loss.KL, w: s.w, out: data.Quotients[T]{WDen: s.wDen}}
	s.pool.Run(s.x.Blocks(), pass)
	free, held := s.along(s.wDen)
	sums := balance.Sums{X: s.stats.Sum - held, M: free}
	if s.l != loss.Frobenius {
		return sums
	}
	pass.l, pass.out.WNum = s.l, s.wNum
	s.pool.Run(s.x.Blocks(), pass)
	sums.XM, _ = s.along(s.wNum)
	sums.MM, _ = s.along(s.wDen)
	if s.frozen == nil {
		return sums
	}
	// So far MM is <M∘Y, F> for the part F of Y that is not held.
	pass.w = s.w.Clone()
	for i := range pass.w.Rows {
		for k, frozen := range s.frozen {
			if frozen {
				pass.w.Row(i)[k] = 0
			}
		}
	}
	s.pool.Run(s.x.Blocks(), pass)
	all := sums.MM
	sums.MM, _ = s.along(s.wDen)
	sums.XM -= all - sums.MM
	return sums
}

// along returns the inner products of W with a matrix of its shape: of the
// components that are scaled, and of those with a part that is held.
func (s *state[T]) along(x *matrix.Dense[T]) (free, held float64) {
	if s.frozen == nil {
		return matrix.Inner(x, s.w), 0
	}
	for i := range x.Rows {
		for k, v := range s.w.Row(i) {
			if p := float64(v) * float64(x.Row(i)[k]); s.frozen[k] {
				held += p
			} else {
				free += p
			}
		}
	}
	return free, held
}

// sumsTask makes a pass over the rows of W.
type sumsTask[T asm.Float] struct {
	*state[T]
	l   loss.Loss
	w   *matrix.Dense[T]
	out data.Quotients[T]
}

func (t *sumsTask[T]) Do(block, worker int) {
	t.x.Quotients(t.l, block, worker, t.w, t.h, &t.out)
}
