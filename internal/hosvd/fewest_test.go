package hosvd_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/internal/hosvd"
)

// cutSizes calls visit for all cores with what they leave out, entry by entry.
func cutSizes(s *hosvd.Sizes, squares []float64, visit func(ranks []int, left float64)) {
	ranks := make([]int, len(s.Shape))
	var try func(n int)
	try = func(n int) {
		if n < len(ranks) {
			for j := 1; j <= s.Shape[n]; j++ {
				if ranks[n] = j; s.Rows[n] > 0 || j == s.Shape[n] {
					try(n + 1)
				}
			}
			return
		}
		left := 0.0
		for e, v := range squares {
			out := false
			for n := len(ranks) - 1; n >= 0; n-- {
				out = out || e%s.Shape[n] >= ranks[n]
				e /= s.Shape[n]
			}
			if out {
				left += v
			}
		}
		visit(ranks, left)
	}
	try(0)
}

func TestFewestIsTheFewestOfAllCores(t *testing.T) {
	g := rand.New(rand.NewPCG(1, 2))
	for round := range 200 {
		s := &hosvd.Sizes{}
		size := 1
		for range 1 + round%4 {
			j := 1 + g.IntN(5)
			size *= j
			s.Shape, s.Rows = append(s.Shape, j), append(s.Rows, g.IntN(3)*(j+g.IntN(30)))
		}
		squares := make([]float64, size)
		all := 0.0
		for e := range squares {
			v := g.ExpFloat64() * math.Pow(.3, float64(g.IntN(8)))
			squares[e] = v * v
			all += squares[e]
		}
		s.Most = all * g.Float64() * .7
		best, least := s.Stored(s.Shape), 0.0
		within := map[[4]int]float64{}
		cutSizes(s, squares, func(ranks []int, left float64) {
			if left > s.Most {
				return
			}
			key := [4]int{}
			copy(key[:], ranks)
			within[key] = left
			if stored := s.Stored(ranks); stored < best || stored == best && left < least {
				best, least = stored, left
			}
		})
		ranks, left := s.Fewest(squares)
		require.Equal(t, best, s.Stored(ranks))
		require.InDelta(t, least, left, 1e-14*all)
		seen := 0
		s.Each(squares, math.MaxInt, func(ranks []int, stored int, left float64) int {
			key := [4]int{}
			copy(key[:], ranks)
			want, ok := within[key]
			require.True(t, ok)
			require.InDelta(t, want, left, 1e-14*all)
			require.Equal(t, s.Stored(ranks), stored)
			seen++
			return math.MaxInt
		})
		require.Len(t, within, seen)
	}
}

// What is left out may be 1e-30 of all, which a difference of sums would not tell.
func TestFewestTellsSmallRests(t *testing.T) {
	squares := []float64{1, 1e-30, 1e-30, 1e-26}
	s := &hosvd.Sizes{Shape: []int{2, 2}, Rows: []int{9, 9}, Most: 1e-29}
	ranks, left := s.Fewest(squares)
	require.Equal(t, []int{2, 2}, ranks)
	require.Zero(t, left)
	s.Most = 2e-26
	ranks, left = s.Fewest(squares)
	require.Equal(t, []int{1, 1}, ranks)
	require.InEpsilon(t, 1e-26+2e-30, left, 1e-12)
	s.Most = -1
	ranks, _ = s.Fewest(squares)
	require.Equal(t, []int{2, 2}, ranks)
}
