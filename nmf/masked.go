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

// observedSums returns the sums over the observed entries: with M the mask and
// Y = WH they are <M, Y> = <MHᵀ, W>, the denominators at β = 1, <M∘X, Y> =
// <(M∘X)Hᵀ, W> and <M∘Y, Y> = <(M∘Y)Hᵀ, W>, the products at β = 2.
func (s *state[T]) observedSums() balance.Sums {
	s.denominators()
	s.x.UseH(s.h)
	pass := &sumsTask[T]{state: s, l: loss.KL}
	pass.out = data.Quotients[T]{WDen: s.wDen}
	s.pool.Run(s.x.Blocks(), pass)
	sums := balance.Sums{X: s.stats.Sum, M: matrix.Inner(s.wDen, s.w)}
	if s.l == loss.Frobenius {
		pass.l, pass.out.WNum = s.l, s.wNum
		s.pool.Run(s.x.Blocks(), pass)
		sums.XM, sums.MM = matrix.Inner(s.wNum, s.w), matrix.Inner(s.wDen, s.w)
	}
	return sums
}

// sumsTask makes a pass over the rows of W.
type sumsTask[T asm.Float] struct {
	*state[T]
	l   loss.Loss
	out data.Quotients[T]
}

func (t *sumsTask[T]) Do(block, worker int) {
	t.x.Quotients(t.l, block, worker, t.w, t.h, &t.out)
}
