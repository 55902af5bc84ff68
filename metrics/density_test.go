package metrics_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/internal/golden"
	"polyad/matrix"
	"polyad/metrics"
)

// both runs a generic test body for both element types.
func both(t *testing.T, f32, f64 func(*testing.T)) {
	t.Run("float32", f32)
	t.Run("float64", f64)
}

func TestGoldenDensity(t *testing.T) { both(t, testGolden[float32], testGolden[float64]) }

func testGolden[T asm.Float](t *testing.T) {
	cases, err := golden.HRSI("density")
	require.NoError(t, err)
	require.Equal(t, 1, len(cases))
	for _, c := range cases {
		x := matrix.Convert[T](c.Inputs["D"].Matrix())
		assert.Equal(t, c.Expect["density"], metrics.Density(x, c.Float("threshold")/2), c.ID)
	}
}

func TestDensityCountsEntriesAboveTheFloor(t *testing.T) {
	both(t, testDensity[float32], testDensity[float64])
}

func testDensity[T asm.Float](t *testing.T) {
	const eps = 0x1p-30
	x := matrix.Of(2, 4, []T{0, eps, 2 * eps, 2.5 * eps, -1, -eps, 1, -2.5 * eps})
	assert.Equal(t, 4.0/8, metrics.Density(x, eps), "2·eps itself does not count")
	assert.Equal(t, 7.0/8, metrics.Density(x, 0))
	assert.Equal(t, 3.0/4, metrics.Density(x.View(0, 2, 2, 2), eps), "only the view counts")
	assert.Zero(t, metrics.Density(matrix.New[T](3, 2), 0))
	assert.Equal(t, 1.0, metrics.Density(matrix.Of(1, 1, []T{-1}), 0))
}

func TestDensityOfNothingIsZero(t *testing.T) {
	for _, x := range []*matrix.Dense[float64]{{}, matrix.New[float64](0, 3), matrix.New[float64](3, 0)} {
		assert.Zero(t, metrics.Density(x, 0))
	}
}

func ExampleDensity() {
	const eps = 1e-16 // the floor of the fit
	w := matrix.Of(2, 3, []float64{0.5, eps, 2, eps, eps, 1})
	fmt.Println(metrics.Density(w, eps), metrics.Density(w, 0))
	// Output: 0.5 1
}
