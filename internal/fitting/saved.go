package fitting

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"polyad/asm"
	"polyad/matrix"
)

// ErrSaved is wrapped when a saved state is not one of this fit.
var ErrSaved = errors.New("not a saved state of this fit")

// Save returns the entries of matrices and other numbers, bit for bit.
func Save[T asm.Float](x []*matrix.Dense[T], numbers []*float64) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(asm.SizeOf[T]()))
	for _, f := range x {
		b = binary.LittleEndian.AppendUint64(b, uint64(f.Rows))
		b = binary.LittleEndian.AppendUint64(b, uint64(f.Cols))
		for _, v := range f.Data {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(float64(v)))
		}
	}
	for _, v := range numbers {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(*v))
	}
	return b
}

// Restore puts back what [Save] returned for as many matrices of the same
// shapes and numbers.
func Restore[T asm.Float](b []byte, x []*matrix.Dense[T], numbers []*float64) error {
	next := func() (v uint64, err error) {
		if len(b) < 8 {
			return 0, fmt.Errorf("%w: it ends early", ErrSaved)
		}
		v, b = binary.LittleEndian.Uint64(b), b[8:]
		return v, nil
	}
	want := []uint64{uint64(asm.SizeOf[T]())}
	for _, f := range x {
		want = append(want, uint64(f.Rows), uint64(f.Cols))
		for i, w := range want {
			if v, err := next(); err != nil || v != w {
				return fmt.Errorf("%w: it has %d where this fit has %d (field %d)", ErrSaved, v, w, i)
			}
		}
		for i := range f.Data {
			v, err := next()
			if err != nil {
				return err
			}
			f.Data[i] = T(math.Float64frombits(v))
		}
		want = want[:0]
	}
	for _, to := range numbers {
		v, err := next()
		if err != nil {
			return err
		}
		*to = math.Float64frombits(v)
	}
	if len(b) > 0 {
		return fmt.Errorf("%w: %d bytes too many", ErrSaved, len(b))
	}
	return nil
}
