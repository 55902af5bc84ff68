package nmf_test

import (
	"context"
	"errors"
	"fmt"
	"os"

	"polyad/matrix"
	"polyad/nmf"
	"polyad/solver"
)

// A run is watched by observers and ended by a context; what there is by then is
// returned.
func ExampleFit_observe() {
	x := matrix.Of(3, 4, []float64{1, 2, 0, 1, 2, 4, 1, 0, 0, 1, 3, 1})
	enough := errors.New("good enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	watch := func(e solver.Event) (stop bool) {
		if e.RelError < .3 {
			cancel(enough)
		}
		return false
	}
	r, err := nmf.Fit(ctx, x, 2, &nmf.Options{Run: solver.Options{Observe: []solver.Observer{watch}}})
	fmt.Println(err, r.Status, r.RelError < .3)
	// Output: good enough cancelled true
}

func ExampleModel_Save() {
	dir, err := os.MkdirTemp("", "polyad")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	m := &nmf.Model[float32]{W: matrix.Of(2, 1, []float32{1, 2}), H: matrix.Of(1, 3, []float32{3, 0, 1})}
	if err := m.Save(dir); err != nil {
		fmt.Println(err)
		return
	}
	back, err := nmf.Load[float32](dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(back.Rank(), back.Reconstruct().Data)
	// Output: 1 [3 0 1 6 0 2]
}
