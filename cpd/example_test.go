package cpd_test

import (
	"context"
	"fmt"
	"math"

	"polyad/cpd"
	"polyad/matrix"
	"polyad/reg"
	"polyad/solver"
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

// Entries that are missing are marked, and the model says what they may have been.
func ExampleFit_missing() {
	truth := cpd.Model[float64]{Factors: []*matrix.Dense[float64]{
		matrix.Of(3, 1, []float64{1, 2, 3}), matrix.Of(2, 1, []float64{1, 4}), matrix.Of(3, 1, []float64{1, 1, 2}),
	}}
	x := truth.Reconstruct()
	x.Set(math.NaN(), 2, 1, 2) // 24
	r, err := cpd.Fit(context.Background(), x, 1, &cpd.Options{
		Mask: tensor.MaskNaN(x), Run: solver.Options{Tol: solver.Set(1e-12)},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d of %d entries observed, the missing one is %.3f\n", r.Observed, x.Len(), r.Reconstruct().At(2, 1, 2))
	// Output: 17 of 18 entries observed, the missing one is 24.000
}

// Components that are alike take plain sweeps long to tell apart.
func ExampleALS_lineSearch() {
	truth := cpd.Model[float64]{}
	for n := range 3 {
		f := matrix.New[float64](10, 2)
		for i := range 10 {
			f.Set(i, 0, 2+math.Sin(float64(i+n)))
			f.Set(i, 1, 2+math.Cos(float64(i+n)))
		}
		truth.Factors = append(truth.Factors, f)
	}
	x := truth.Reconstruct()
	enough := func(e solver.Event) bool { return e.RelError < 1e-4 }
	var sweeps []int
	for _, m := range []cpd.Method{cpd.ALS{}, cpd.ALS{LineSearch: true}} {
		r, err := cpd.Fit(context.Background(), x, 2, &cpd.Options{Method: m, Init: cpd.Random{},
			Run: solver.Options{Tol: solver.Set(0.0), MaxIter: solver.Set(5000), Observe: []solver.Observer{enough}}})
		if err != nil {
			fmt.Println(err)
			return
		}
		sweeps = append(sweeps, r.Iterations)
	}
	fmt.Println("less than half as many sweeps:", 2*sweeps[1] < sweeps[0])
	// Output: less than half as many sweeps: true
}

// Data of low multilinear rank are fitted in the small first.
func ExampleCompressed() {
	truth := cpd.Model[float64]{}
	for n := range 3 {
		f := matrix.New[float64](20+n, 2)
		for i := range f.Rows {
			f.Set(i, 0, math.Sin(float64(i)))
			f.Set(i, 1, math.Cos(float64(i*i)))
		}
		truth.Factors = append(truth.Factors, f)
	}
	r, err := cpd.Fit(context.Background(), truth.Reconstruct(), 2, &cpd.Options{Init: cpd.Compressed{}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("shape of the core", r.Compression.Ranks)
	fmt.Printf("relative error %.0e or less\n", max(r.RelError, 1e-4))
	// Output:
	// shape of the core [2 2 2]
	// relative error 1e-04 or less
}
