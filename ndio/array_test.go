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

func TestElementsTakeTheBytesOfTheFile(t *testing.T) {
	wide, narrow := tensor.New[float64](1), tensor.New[float32](1)
	for stored, want := range map[string]int{
		"uint8": 1, "bool": 1, "logical": 1, "float16": 2, "int16 (big endian)": 2, "float32 (Fortran order)": 4, "int64": 8,
		"double": 8, "single": 4, "double as uint8": 1, "double as int16 (big endian)": 2, "text": 8, "": 8,
	} {
		assert.Equal(t, want, Array{F64: wide, Stored: stored}.ElementBytes(), stored)
	}
	assert.Equal(t, 4, Array{F32: narrow}.ElementBytes())
}
