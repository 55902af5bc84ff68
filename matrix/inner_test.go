package matrix_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/matrix"
)

func TestInnerAndSumAccumulateInFloat64(t *testing.T) {
	// 2^24 + 1 is no float32, and 1e30² not even near one.
	m := matrix.Of(1, 3, []float32{1 << 24, 1, 1})
	assert.Equal(t, float64(1<<24+2), matrix.Sum(m))
	one := matrix.Of(1, 3, []float32{1, 1, 1})
	assert.Equal(t, float64(1<<24+2), matrix.Inner(m, one))
	big := matrix.Of(1, 1, []float32{1e30})
	assert.InEpsilon(t, 1e60, matrix.Inner(big, big), 1e-6)
}

func TestInnerMatchesTheDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 9))
	for _, rows := range []int{0, 1, 3} {
		for cols := range 21 {
			if cols == 20 {
				cols = 9000 // more than a kernel gets at once
			}
			a, _ := strided[float64](r, rows, cols)
			b, _ := strided[float32](r, rows, cols)
			var want, size, sum, abs float64
			for i := range rows {
				for j := range cols {
					p := a.At(i, j) * float64(b.At(i, j))
					want += p
					size += math.Abs(p)
					sum += a.At(i, j)
					abs += math.Abs(a.At(i, j))
				}
			}
			n := float64(rows*cols + 1)
			require.InDelta(t, want, matrix.Inner(a, b), n*epsilon[float64]()*size)
			require.InDelta(t, want, matrix.Inner(b, a), n*epsilon[float64]()*size)
			wide := matrix.Convert[float64](b)
			require.InDelta(t, want, matrix.Inner(a, wide), n*epsilon[float64]()*size)
			require.InDelta(t, sum, matrix.Sum(a), n*epsilon[float64]()*abs)
		}
	}
	misuse(t, "Inner", func() { matrix.Inner(matrix.New[float64](2, 3), matrix.New[float64](3, 2)) }, "2 x 3 and 3 x 2")
}

func ExampleInner() {
	a := matrix.Of(2, 2, []float64{1, 2, 3, 4})
	b := matrix.Of(2, 2, []float32{1, 0, 0, 1})
	fmt.Println(matrix.Inner(a, b), matrix.Sum(a))
	// Output: 5 10
}
