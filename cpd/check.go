package cpd

import (
	"fmt"
	"slices"

	"polyad/asm"
	"polyad/internal/fitting"
	"polyad/matrix"
)

// tensorCheck is what is asked of the data; o is nil before options are settled.
func tensorCheck(o *settled) *fitting.TensorCheck {
	c := &fitting.TensorCheck{Package: "cpd", Shape: ErrShape, Data: ErrData, Signed: "als or hals", Masks: true}
	if o != nil {
		c.Loss, c.Floor, c.Blocks, c.Mask = o.Loss, o.Eps.Or(0), len(o.shape), o.Mask
		_, c.Nonneg = o.Method.(MU)
	}
	return c
}

// checkRank reports a rank that is not positive, or so far above the dimensions
// that its Gram matrices alone would fill the memory.
func checkRank(shape []int, rank int) error {
	if rank < 1 {
		return fmt.Errorf("cpd: %w: %d; it must be at least 1", ErrRank, rank)
	}
	if most := 1000 + 4*slices.Max(shape); rank > most {
		return fmt.Errorf("cpd: %w: %d is far above what data of the shape %v can need; at most %d", ErrRank, rank, shape, most)
	}
	return nil
}

// check reports whether the model fits the data, the rank and the options.
func (m *Model[T]) check(o *settled, rank int) error {
	if m == nil || len(m.Factors) != len(o.shape) {
		n := 0
		if m != nil {
			n = len(m.Factors)
		}
		return fmt.Errorf("cpd: %w: the model has %d factors, but the data have the shape %v", ErrShape, n, o.shape)
	}
	if m.Weights != nil && len(m.Weights) != rank {
		return fmt.Errorf("cpd: %w: the model has %d weights for rank %d", ErrShape, len(m.Weights), rank)
	}
	for n, f := range m.Factors {
		if f == nil {
			return fmt.Errorf("cpd: %w: the model's factor %d is missing", ErrShape, n)
		}
		if err := checkLayout(n, f); err != nil {
			return err
		}
		if f.Rows != o.shape[n] || f.Cols != rank {
			return fmt.Errorf("cpd: %w: the model's factor %d is %d x %d, but data and rank ask for %d x %d", ErrShape, n, f.Rows, f.Cols, o.shape[n], rank)
		}
		for i := range f.Rows {
			for q, v := range f.Row(i) {
				if v-v != 0 || o.nonneg[n] && v < 0 {
					return fmt.Errorf("cpd: %w: the model's factor %d has the entry [%d,%d] %v; it must be finite, and not negative in a nonnegative mode", ErrData, n, i, q, v)
				}
			}
		}
	}
	for q, w := range m.Weights {
		if w-w != 0 || w < 0 && o.nonneg[o.carrier()] {
			return fmt.Errorf("cpd: %w: the model's weight %d is %v; it must be finite, and not negative as it goes into the nonnegative mode %d", ErrData, q, w, o.carrier())
		}
	}
	return nil
}

// checkLayout reports a factor whose fields contradict each other.
func checkLayout[T asm.Float](n int, f *matrix.Dense[T]) error {
	if !f.Valid() {
		return fmt.Errorf("cpd: %w: factor %d is %d x %d with stride %d over %d elements", ErrShape, n, f.Rows, f.Cols, f.Stride, len(f.Data))
	}
	return nil
}

// carrier is the mode that the weights of a start go into: the first free one.
func (o *settled) carrier() int { return slices.Index(o.fixed, false) }
