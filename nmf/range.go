package nmf

import (
	"fmt"
	"math"

	"polyad/asm"
	"polyad/loss"
	"polyad/reg"
)

// Penalties balance the factors, so weights that are far apart drive the factors
// apart: by (weight of H)/(weight of W) for degree 1 on both. The squares of
// their entries must stay representable, and the floor of mu must stay far below
// them. The numbers here are in the units in which the data are near 1.

// limits returns the range in which the largest entry of each factor must begin:
// squares and sums of some squares of it are normal numbers. For float32 there is
// no lower end: inner products are taken in float64, and what underflows is the
// zero that such weights leave of the model.
func limits[T asm.Float]() (least, most float64) {
	if asm.SizeOf[T]() == 4 {
		return 0, 1e16
	}
	return 1e-150, 1e150
}

// lowerFloor returns a floor of at most eps at which the penalties w and h of an
// m x r and an r x n factor are some 1e-10 of the given size of the loss, as far
// as the type allows that. A product of two entries at the floor is a divisor in
// losses other than Frobenius, and must be a number.
func lowerFloor[T asm.Float](eps, size float64, l loss.Loss, w, h reg.Penalty, m, n, r int) float64 {
	least := 1e-300
	switch single := asm.SizeOf[T]() == 4; {
	case single && l == loss.Frobenius:
		least = 1e-36
	case single:
		least = 1e-18
	case l != loss.Frobenius:
		least = 1e-150
	}
	low := eps
	for _, b := range []struct {
		p      reg.Penalty
		length int
	}{{w, m}, {h, n}} {
		for _, t := range b.p.Active() {
			if v := math.Pow(1e-10*size/(t.Weight*float64(b.length*r)), 1/t.Degree); v > 0 {
				low = min(low, v)
			} else {
				low = 0
			}
		}
	}
	return min(eps, max(low, least))
}

// checkRange refuses penalties that have driven the start out of the range that
// the type can hold, so that a fit would end with nonsense.
func (s *state[T]) checkRange(defaultFloor bool) error {
	w, h := s.blockW.Penalty.Active(), s.blockH.Penalty.Active()
	if len(w) == 0 || len(h) == 0 || s.given != nil || s.stats.Squares == 0 {
		return nil
	}
	least, most := limits[T]()
	small, large := math.Inf(1), 0.0
	for _, f := range (&Model[T]{W: s.w, H: s.h}).factors() {
		top := 0.0
		for i := range f.Rows {
			for _, v := range f.Row(i) {
				if v != v {
					top = math.Inf(1)
				}
				top = max(top, float64(v))
			}
		}
		small, large = min(small, top), max(large, top)
	}
	bad := !(small >= least) || !(large <= most)
	if eps := float64(s.eps); defaultFloor && !bad && eps > 0 && (asm.SizeOf[T]() == 8 || large > 1e3*eps) {
		// In float32 nothing may be left of a model of tiny data, which is right.
		m, n, r := s.w.Rows, s.h.Cols, s.w.Cols
		atFloor := 0.0
		for _, t := range w {
			atFloor += t.Weight * math.Pow(eps, t.Degree) * float64(m*r)
		}
		for _, t := range h {
			atFloor += t.Weight * math.Pow(eps, t.Degree) * float64(n*r)
		}
		bad = !(atFloor <= 1e-3*s.size)
	}
	if !bad {
		return nil
	}
	w, h = s.o.W.Active(), s.o.H.Active()
	text := fmt.Sprintf("the weights %s on W and %s on H drive the factors out of the range of their type", weights(w), weights(h))
	if len(w) == 1 && len(h) == 1 && w[0].Degree == h[0].Degree && w[0].Rows == nil && h[0].Rows == nil {
		if both := math.Sqrt(w[0].Weight) * math.Sqrt(h[0].Weight); w[0].Weight != h[0].Weight && both < 1e30 {
			return fmt.Errorf("nmf: %w: %s; only the product of the two weights matters: give both the same, %.6g", reg.ErrPenalty, text, both)
		}
	}
	return fmt.Errorf("nmf: %w: %s; take weights nearer to the size of the data, and to each other", reg.ErrPenalty, text)
}

// weights lists the weights of a penalty.
func weights(p reg.Penalty) (s string) {
	for i, t := range p {
		if i > 0 {
			s += ", "
		}
		s += fmt.Sprintf("%g", t.Weight)
	}
	return s
}
