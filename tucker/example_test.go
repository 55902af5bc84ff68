package tucker_test

import (
	"context"
	"fmt"
	"math"

	"polyad/reg"
	"polyad/solver"
	"polyad/tensor"
	"polyad/tucker"
)

// waves is an array whose singular values fall quickly along every mode.
func waves() *tensor.Dense[float64] {
	x := tensor.New[float64](30, 20, 10)
	for i := range 30 {
		for j := range 20 {
			for k := range 10 {
				x.Set(math.Exp(-.01*math.Pow(float64(i-j-k), 2)), i, j, k)
			}
		}
	}
	return x
}

// The smallest ranks for an error of one percent.
func ExampleHOSVD() {
	r, err := tucker.HOSVD(context.Background(), waves(), nil, &tucker.HOSVDOptions{Target: solver.Set(.01)})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Ranks(), r.RelError <= .01)
	fmt.Printf("%d numbers instead of 6000\n", r.Core.Len()+30*r.Ranks()[0]+20*r.Ranks()[1]+10*r.Ranks()[2])
	// Output:
	// [5 4 3] true
	// 320 numbers instead of 6000
}

// A nonnegative model whose core is sparse.
func ExampleFit() {
	r, err := tucker.Fit(context.Background(), waves(), []int{4, 4, 3}, &tucker.Options{
		Nonneg: tucker.All, Core: reg.L1(.1), Factors: tucker.Each(reg.L2(.1)),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	zeros := 0
	for _, v := range r.Core.Data {
		if v == 0 {
			zeros++
		}
	}
	fmt.Println("error below ten percent:", r.RelError < .1)
	fmt.Println("more than half of the core is zero:", 2*zeros > r.Core.Len())
	// Output:
	// error below ten percent: true
	// more than half of the core is zero: true
}
