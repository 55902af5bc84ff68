package ndio

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"polyad/tensor"
)

func TestAsSharesOrConverts(t *testing.T) {
	f32, f64 := Array{F32: ramp[float32](2, 3)}, Array{F64: ramp[float64](2, 3)}
	assert.Same(t, f32.F32, As[float32](f32))
	assert.Same(t, f64.F64, As[float64](f64))
	assert.Equal(t, f64.F64, As[float64](f32))
	assert.Equal(t, f32.F32, As[float32](f64))
	view := Array{F32: ramp[float32](2, 3).Permute(1, 0)}
	assert.Equal(t, ramp[float64](2, 3).Permute(1, 0).Clone(), As[float64](view))
	assert.Equal(t, tensor.New[float32](0, 2), As[float32](Array{F64: tensor.New[float64](0, 2)}))
}

func TestAnEmptyArrayHoldsNothing(t *testing.T) {
	assert.Nil(t, As[float32](Array{}))
	assert.Nil(t, As[float64](Array{}))
	assert.Nil(t, Array{}.Shape())
	assert.Empty(t, Array{}.DType())
}
