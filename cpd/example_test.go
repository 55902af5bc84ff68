package cpd_test

import (
	"context"
	"fmt"

	"polyad/cpd"
	"polyad/matrix"
	"polyad/reg"
	"polyad/tensor"
)

// Data of rank 2, fitted with three components that must pay for themselves.
func ExampleFit() {
	truth := cpd.Model[float64]{Factors: []*matrix.Dense[float64]{
		matrix.Of(3, 2, []float64{1, 0, 2, 1, 0, 3}),
		matrix.Of(2, 2, []float64{4, 1, 1, 5}),
		matrix.Of(4, 2, []float64{1, 2, 0, 1, 3, 0, 1, 1}),
	}}
	r, err := cpd.Fit(context.Background(), truth.Reconstruct(), 3, &cpd.Options{
		Nonneg: cpd.All, Penalty: cpd.Each(reg.L2(.05)),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	r.Normalize(cpd.NormL2)
	r.Sort()
	fmt.Println(r.Status, "without components", r.Pruned)
	fmt.Printf("relative error %.3f, weights %.1f\n", r.RelError, r.Weights[:2])
	// Output:
	// converged without components [2]
	// relative error 0.001, weights [39.5 30.5]
}

// The error of a model needs no array of its shape.
func ExampleModel_RelError() {
	x := tensor.Of([]float64{1, 2, 2, 4, 3, 6, 6, 12}, 2, 2, 2)
	m := cpd.Model[float64]{Weights: []float64{1}, Factors: []*matrix.Dense[float64]{
		matrix.Of(2, 1, []float64{1, 3}),
		matrix.Of(2, 1, []float64{1, 2}),
		matrix.Of(2, 1, []float64{1, 2}),
	}}
	fmt.Println(m.RelError(x))
	// Output: 0
}
