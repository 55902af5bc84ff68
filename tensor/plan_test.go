package tensor

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/matrix"
)

// permutations calls f with every order of the modes.
func permutations(modes []int, k int, f func([]int)) {
	if k == len(modes) {
		f(modes)
	}
	for i := k; i < len(modes); i++ {
		modes[k], modes[i] = modes[i], modes[k]
		permutations(modes, k+1, f)
		modes[k], modes[i] = modes[i], modes[k]
	}
}

func TestMultiModeProductTakesTheFewestFlops(t *testing.T) {
	r := rand.New(rand.NewPCG(41, 1))
	for range 300 {
		order := 1 + r.IntN(6)
		from, to := make([]int, order), make([]int, order)
		u := make([]*matrix.Dense[float32], order)
		modes := []int{}
		for n := range order {
			from[n] = 1 + r.IntN(4)
			to[n] = from[n]
			if r.IntN(4) > 0 {
				to[n] = 1 + r.IntN(5)
				u[n] = matrix.New[float32](to[n], from[n])
				modes = append(modes, n)
			}
		}
		flops := func(modes []int) (all int) {
			size := 1
			for _, s := range from {
				size *= s
			}
			for _, n := range modes {
				all += 2 * size * to[n]
				size = size / from[n] * to[n]
			}
			return all
		}
		var w Work[float32]
		w.plan("", New[float32](to...), New[float32](from...), u, false)
		require.ElementsMatch(t, modes, w.modes)
		got := flops(w.modes)
		permutations(modes, 0, func(p []int) {
			require.LessOrEqual(t, got, flops(p), "%v to %v: %v rather than %v", from, to, w.modes, p)
		})
	}
}
