package solver_test

import (
	"context"
	"fmt"

	"polyad/solver"
)

// newton finds the square root of 2; one sweep is one step.
type newton struct{ x float64 }

func (n *newton) Sweep() error {
	n.x = (n.x + 2/n.x) / 2
	return nil
}

func (n *newton) Objective(bool) (loss, penalty, relError float64) {
	d := n.x*n.x - 2
	return d * d, 0, 0
}

func (n *newton) Snapshot() any { return n.x }

func ExampleRun() {
	p := &newton{x: 2}
	r, err := solver.Run(context.Background(), p, solver.Options{MaxIter: solver.Set(50)})
	fmt.Println(r.Status, r.Iterations, err)
	fmt.Printf("%.9f\n", p.x)
	// Output:
	// converged 14 <nil>
	// 1.414213562
}
