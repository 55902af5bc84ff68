package gonumblas_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/blas/gonum"
	"gonum.org/v1/gonum/mat"

	"polyad/matrix/gonumblas"
)

// After one call, gonum's own types compute with the kernels of this module.
func ExampleRegister() {
	gonumblas.Register()
	a := mat.NewDense(2, 3, []float64{1, 2, 3, 4, 5, 6})
	var c mat.Dense
	c.Mul(a, a.T())
	fmt.Println(mat.Formatted(&c))
	blas64.Use(gonum.Implementation{}) // and back again
	blas32.Use(gonum.Implementation{})
	// Output:
	// ⎡14  32⎤
	// ⎣32  77⎦
}

func TestNothingIsRegisteredUnasked(t *testing.T) {
	defer func() {
		blas64.Use(gonum.Implementation{})
		blas32.Use(gonum.Implementation{})
	}()
	assert.IsType(t, gonum.Implementation{}, blas64.Implementation())
	gonumblas.Register()
	assert.IsType(t, gonumblas.Implementation{}, blas64.Implementation())
	assert.IsType(t, gonumblas.Implementation{}, blas32.Implementation())

	// The decompositions of gonum stand on it.
	n := 150
	a := mat.NewDense(n, n, nil)
	for i := range n {
		for j := range n {
			a.Set(i, j, 1/float64(i+2*j+1))
		}
		a.Set(i, i, 3)
	}
	var lu mat.LU
	lu.Factorize(a)
	var inverse, product mat.Dense
	assert.NoError(t, lu.SolveTo(&inverse, false, mat.NewDiagDense(n, ones(n))))
	product.Mul(a, &inverse)
	assert.True(t, mat.EqualApprox(&product, mat.NewDiagDense(n, ones(n)), 1e-12))
}

func ones(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = 1
	}
	return x
}
