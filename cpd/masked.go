package cpd

import (
	"polyad/asm"
	"polyad/balance"
	"polyad/internal/data"
	"polyad/internal/par"
	"polyad/loss"
	"polyad/matrix"
	"polyad/tensor"
)

// newData returns x times scale as data that may miss entries.
func newData[T asm.Float](pool *par.Pool, x *tensor.Dense[T], o *settled, rank int, scale, floor float64) data.Tensor[T] {
	if o.Mask == nil {
		return data.NewTensor(pool, x, rank, scale, floor, o.Loss == frobenius)
	}
	return data.NewMaskedTensor(pool, x, o.Mask, rank, scale, floor)
}

// observedSums is startSums over the observed entries: with M the mask and Y the
// model they are <M, Y>, the products of the first factor with the denominators at
// β = 1, and at β = 2 <M∘X, Y> and <M∘Y, Y>, those with numerators and
// denominators.
func (s *state[T]) observedSums() balance.Sums {
	num, den, f := s.num[0], matrix.New[T](s.f[0].Dims()), s.f[0]
	s.x.Quotients(nil, den, loss.KL, 0, s.f)
	sums := balance.Sums{X: s.stats.Sum, M: matrix.Inner(den, f)}
	if s.isFrobenius() {
		s.x.Quotients(num, den, frobenius, 0, s.f)
		sums.XM, sums.MM = matrix.Inner(num, f), matrix.Inner(den, f)
	}
	return sums
}
