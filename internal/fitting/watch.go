package fitting

import (
	"polyad/asm"
	"polyad/tensor"
)

// Watch looks at the observed entries of a part of an array at a time.
type Watch[T asm.Float] struct {
	Mask   *tensor.Mask // nil: all are
	Values []T          // those of the part, or copies of the observed ones

	from int
	at   []int // where they are, when there is a mask
}

// Look turns to a part that begins with entry from.
func (s *Watch[T]) Look(part []T, from int) {
	s.from = from
	if s.Mask == nil {
		s.Values = part
		return
	}
	s.Values, s.at = s.Values[:0], s.at[:0]
	for k, v := range part {
		if i := from + k; s.Mask.Bits[i/64]>>(i%64)&1 != 0 {
			s.Values, s.at = append(s.Values, v), append(s.at, i)
		}
	}
}

// Index returns where value k is.
func (s *Watch[T]) Index(k int) int {
	if s.Mask == nil {
		return s.from + k
	}
	return s.at[k]
}
