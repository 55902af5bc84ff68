package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
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
