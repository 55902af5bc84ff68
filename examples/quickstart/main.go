// Command quickstart is the library example of the README.
package main

import (
	"context"
	"fmt"

	"polyad/loss"
	"polyad/matrix"
	"polyad/nmf"
	"polyad/reg"
)

func main() {
	x := matrix.Of(4, 3, []float64{1, 0, 2, 3, 1, 0, 0, 2, 4, 6, 2, 0})
	r, err := nmf.Fit(context.Background(), x, 2, &nmf.Options{
		Loss: loss.KL,
		W:    reg.L1(0.01),
		H:    reg.L1(0.01),
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(r.Formula())
	fmt.Printf("%v after %d sweeps, relative error %.3f\n", r.Status, r.Iterations, r.RelError)
	fmt.Printf("W is %d x %d, H is %d x %d\n", r.W.Rows, r.W.Cols, r.H.Rows, r.H.Cols)
}
