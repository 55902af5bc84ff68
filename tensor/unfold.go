package tensor

import "polyad/matrix"

// Split returns the size of a mode and the products l and r of the sizes before
// and behind it: seen from that mode, a row-major array is a batch of l matrices
// size x r.
func (t *Dense[T]) Split(mode int) (l, size, r int) {
	t.checkMode("Split", mode)
	return splitShape(t.Shape, mode)
}

func splitShape(shape []int, mode int) (l, size, r int) {
	l, r = 1, 1
	for n, s := range shape {
		switch {
		case n < mode:
			l *= s
		case n > mode:
			r *= s
		}
	}
	return l, shape[mode], r
}

// modeFirst returns the order of modes that puts mode first and leaves the
// others in increasing order.
func modeFirst(order, mode int) []int {
	p := make([]int, 1, order)
	p[0] = mode
	for n := 0; n < order; n++ {
		if n != mode {
			p = append(p, n)
		}
	}
	return p
}

// Unfold returns the mode-n unfolding X_(n), I_n x Π_{k≠n} I_k, whose columns
// run over the other modes in increasing order, the last one fastest. It is a
// view where the elements lie in memory in this order, as for mode 0 of a
// contiguous array, and a copy otherwise.
func (t *Dense[T]) Unfold(mode int) *matrix.Dense[T] {
	l, size, r := t.Split(mode)
	p := t.Permute(modeFirst(len(t.Shape), mode)...).Contiguous()
	return matrix.Of(size, l*r, p.Data)
}

// UnfoldKolda returns the mode-n unfolding in the order of Kolda and Bader: the
// first of the other modes runs fastest. Like [Dense.Unfold] it is a copy unless
// the elements lie in memory in this order.
func (t *Dense[T]) UnfoldKolda(mode int) *matrix.Dense[T] {
	l, size, r := t.Split(mode)
	p := make([]int, 1, len(t.Shape))
	p[0] = mode
	for n := len(t.Shape) - 1; n >= 0; n-- {
		if n != mode {
			p = append(p, n)
		}
	}
	return matrix.Of(size, l*r, t.Permute(p...).Contiguous().Data)
}

// Fold is the inverse of [Dense.Unfold]: it returns the row-major array of the
// given shape whose mode-n unfolding is m. It is a view where the elements of m
// lie in memory in the order of the array, as for mode 0 and a matrix without
// gaps between its rows, and a copy otherwise.
func Fold[T Float](m *matrix.Dense[T], mode int, shape ...int) *Dense[T] {
	checkFields("Fold", m)
	n, ok := Elements(shape)
	if mode < 0 || mode >= len(shape) || !ok || m.Rows != shape[mode] || m.Rows*m.Cols != n {
		fail("Fold", "%d x %d into mode %d of shape %v", m.Rows, m.Cols, mode, shape)
	}
	p := modeFirst(len(shape), mode)
	permuted := make([]int, len(shape))
	inverse := make([]int, len(shape))
	for k, m := range p {
		permuted[k] = shape[m]
		inverse[m] = k
	}
	t := FromMatrix(m).Contiguous()
	return Of(t.Data[:n], permuted...).Permute(inverse...).Contiguous()
}
