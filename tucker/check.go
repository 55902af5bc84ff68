package tucker

import (
	"fmt"
	"math"
	"slices"

	"polyad/asm"
	"polyad/internal/fitting"
	"polyad/matrix"
	"polyad/tensor"
)

// tensorCheck is what is asked of the data; o is nil before options are settled.
func tensorCheck(o *settled) *fitting.TensorCheck {
	c := &fitting.TensorCheck{Package: "tucker", Shape: ErrShape, Data: ErrData, Signed: "hooi or hals", Masks: true}
	if o != nil {
		c.Loss, c.Floor, c.Blocks, c.Mask = o.Loss, o.Eps.Or(0), o.scaled(), o.Mask
		_, c.Nonneg = o.Method.(MU)
	}
	return c
}

// settleRanks checks the ranks and fills in those of modes left alone. Where the
// factors are orthonormal no rank can be above the size of the mode, nor above
// the product of the other ranks.
func (o *settled) settleRanks(ranks []int) error {
	_, hooi := o.Method.(HOOI)
	if o.Target.IsSet() {
		switch {
		case ranks != nil:
			return fmt.Errorf("tucker: %w: ranks %v beside a target; give one of them", ErrOption, ranks)
		case !hooi:
			return fmt.Errorf("tucker: %w: ranks for a target are for hooi, not %v; give ranks, as those that HOSVD finds", ErrOption, o.Method)
		case o.Mask != nil:
			return fmt.Errorf("tucker: %w: ranks for a target come from all entries of the data, but the mask says that some are missing; give ranks", ErrOption)
		case o.Restarts > 1:
			return fmt.Errorf("tucker: %w: with a target all %d restarts would begin alike; leave restarts out, or give the ranks that HOSVD finds", ErrOption, o.Restarts)
		}
		if _, err := checkTarget(o.Target); err != nil {
			return err
		}
		if o.Init != nil {
			if _, svd := o.Init.(SVD); !svd {
				return fmt.Errorf("tucker: %w: the ranks for a target come from the start SVD{}; leave init out", ErrOption)
			}
		}
		return nil
	}
	var err error
	if o.ranks, err = fillRanks(o.shape, ranks, o.alone); err != nil {
		return err
	}
	if hooi {
		return checkOrthonormal(o.shape, o.ranks, o.alone)
	}
	for n, r := range o.ranks {
		if most := 1000 + 4*o.shape[n]; r > most {
			return fmt.Errorf("tucker: %w: %d for mode %d is far above what its size %d can need; at most %d", ErrRank, r, n, o.shape[n], most)
		}
	}
	size, ok := tensor.Elements(o.ranks)
	data, _ := tensor.Elements(o.shape)
	if most := max(4*data, 1<<20); !ok || size > most {
		return fmt.Errorf("tucker: %w: a core of the shape %v is far larger than the data, %v; at most %d elements", ErrRank, o.ranks, o.shape, most)
	}
	return nil
}

// fillRanks checks that there is a positive rank for each mode, and fills in
// those of modes left alone.
func fillRanks(shape, ranks []int, alone []bool) ([]int, error) {
	if len(ranks) != len(shape) {
		return nil, fmt.Errorf("tucker: %w: %d ranks %v for the shape %v; give one for each mode", ErrRank, len(ranks), ranks, shape)
	}
	full := slices.Clone(ranks)
	for n, r := range ranks {
		switch {
		case alone[n] && (r == 0 || r == shape[n]):
			full[n] = shape[n]
		case alone[n]:
			return nil, fmt.Errorf("tucker: %w: %d for mode %d, which is left alone; give 0 or its size %d, or name the mode in modes", ErrRank, r, n, shape[n])
		case r < 1:
			return nil, fmt.Errorf("tucker: %w: %d for mode %d; it must be at least 1", ErrRank, r, n)
		}
	}
	return full, nil
}

// checkOrthonormal reports ranks that no orthonormal factor can have, and those
// that only zeros in the core could fill.
func checkOrthonormal(shape, ranks []int, alone []bool) error {
	for n, r := range ranks {
		if alone[n] {
			continue
		}
		if r > shape[n] {
			return fmt.Errorf("tucker: %w: %d for mode %d of size %d; no orthonormal factor has more columns than rows, use at most %d", ErrRank, r, n, shape[n], shape[n])
		}
		if others := productOfOthers(ranks, n); float64(r) > others {
			return fmt.Errorf("tucker: %w: %d for mode %d beside the ranks %v; it cannot exceed the product of the others, use at most %.0f or raise those", ErrRank, r, n, ranks, others)
		}
	}
	return nil
}

// productOfOthers returns the product of all sizes but one.
func productOfOthers(sizes []int, n int) float64 {
	p := 1.0
	for k, s := range sizes {
		if k != n {
			p *= float64(s)
		}
	}
	return p
}

// check reports whether the model fits the data, the ranks and the options.
func (m *Model[T]) check(o *settled) error {
	if err := m.wellFormed(); err != nil {
		return fmt.Errorf("tucker: %w", err)
	}
	if len(m.Factors) != len(o.shape) || !slices.Equal(m.Core.Shape, o.ranks) {
		return fmt.Errorf("tucker: %w: the model has the core %v, but data and ranks ask for %v", ErrShape, m.Core.Shape, o.ranks)
	}
	order := len(o.shape)
	for n, f := range m.Factors {
		switch {
		case o.alone[n] && f != nil:
			return fmt.Errorf("tucker: %w: the model has a factor for mode %d, which is left alone; name the mode in modes, or drop the factor", ErrShape, n)
		case o.alone[n]:
			continue
		case f == nil:
			return fmt.Errorf("tucker: %w: the model's factor %d is missing", ErrShape, n)
		case f.Rows != o.shape[n]:
			return fmt.Errorf("tucker: %w: the model's factor %d is %d x %d, but data and ranks ask for %d x %d", ErrShape, n, f.Rows, f.Cols, o.shape[n], o.ranks[n])
		}
		for i := range f.Rows {
			for q, v := range f.Row(i) {
				if v-v != 0 || o.nonneg[n] && v < 0 {
					return fmt.Errorf("tucker: %w: the model's factor %d has the entry [%d,%d] %v; it must be finite, and not negative in a nonnegative mode", ErrData, n, i, q, v)
				}
			}
		}
		if _, hooi := o.Method.(HOOI); hooi && o.fixed[n] && !orthonormal(f) {
			return fmt.Errorf("tucker: %w: factor %d is fixed and its columns are not orthonormal, as hooi needs them; call Orthogonalize on the model, or use hals", ErrOption, n)
		}
	}
	for i, v := range m.Core.Contiguous().Data {
		if v-v != 0 || o.nonneg[order] && v < 0 {
			return fmt.Errorf("tucker: %w: the model's core has the entry %v %v; it must be finite, and not negative when the core is nonnegative", ErrData, fitting.Index(o.ranks, i), v)
		}
	}
	return nil
}

// wellFormed reports a model whose parts do not fit each other.
func (m *Model[T]) wellFormed() error {
	if m == nil || m.Core == nil {
		return fmt.Errorf("%w: the model has no core", ErrShape)
	}
	if _, ok := tensor.Elements(m.Core.Shape); !ok || !fitting.HasEntries(m.Core) {
		return fmt.Errorf("%w: the core has the shape %v and strides %v over %d elements", ErrShape, m.Core.Shape, m.Core.Strides, len(m.Core.Data))
	}
	if len(m.Factors) != len(m.Core.Shape) {
		return fmt.Errorf("%w: the model has %d factors for a core of shape %v", ErrShape, len(m.Factors), m.Core.Shape)
	}
	for n, f := range m.Factors {
		switch {
		case f == nil:
		case !f.Valid():
			return fmt.Errorf("%w: factor %d is %d x %d with stride %d over %d elements", ErrShape, n, f.Rows, f.Cols, f.Stride, len(f.Data))
		case f.Cols != m.Core.Shape[n]:
			return fmt.Errorf("%w: factor %d is %d x %d beside a core of shape %v", ErrShape, n, f.Rows, f.Cols, m.Core.Shape)
		}
	}
	return nil
}

// orthonormal reports whether the columns of f are orthonormal, up to the root of
// the precision.
func orthonormal[T asm.Float](f *matrix.Dense[T]) bool {
	g := matrix.New[float64](f.Cols, f.Cols)
	matrix.Gram(nil, g, f, false)
	for k := range g.Rows {
		for l, v := range g.Row(k) {
			if l == k {
				v--
			}
			if !(math.Abs(v) <= math.Sqrt(fitting.Precision[T]())) {
				return false
			}
		}
	}
	return true
}
