package main

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/loss"
	"polyad/matrix"
	"polyad/nmf"
	"polyad/reg"
	"polyad/solver"
)

// TestReadmeShowsThisProgram fails when the README's library example is not the
// code that is compiled and run here.
func TestReadmeShowsThisProgram(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(readme), "```go\n")
	require.True(t, ok)
	example, _, ok := strings.Cut(rest, "```")
	require.True(t, ok)
	source, err := os.ReadFile("main.go")
	require.NoError(t, err)
	code := strings.ReplaceAll(string(source), "\n\t", "\n")
	require.Contains(t, code, example)
}

func Example() {
	main()
	// Output:
	// D_KL(X | W·H) + 0.01·||W||_1 + 0.01·||H||_1
	// converged after 30 sweeps, relative error 0.136
	// W is 4 x 2, H is 2 x 3
}

// TestConvergedExampleIsStationary: entries that are on their way to zero, where
// the fit ends, count for what is left of them.
func TestConvergedExampleIsStationary(t *testing.T) {
	x := matrix.Of(4, 3, []float64{1, 0, 2, 3, 1, 0, 0, 2, 4, 6, 2, 0})
	r, err := nmf.Fit(context.Background(), x, 2, &nmf.Options{Loss: loss.KL, W: reg.L1(0.01), H: reg.L1(0.01)})
	require.NoError(t, err)
	require.Equal(t, solver.Converged, r.Status)
	require.Less(t, r.KKT[0], 1e-9)
	require.Less(t, r.KKT[1], 1e-9)
}
