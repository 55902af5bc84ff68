package balance_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/balance"
	"polyad/internal/par"
	"polyad/internal/racing"
	"polyad/matrix"
	"polyad/reg"
)

func TestLargeBlocksAreBalancedInParts(t *testing.T) { both(t, testParts[float32], testParts[float64]) }

func testParts[T asm.Float](t *testing.T) {
	// Both blocks are cut, w between entries of components, h between components.
	const rank, length = 9, 44011
	frozen := make([]bool, rank)
	frozen[4] = true
	rows := make([]float64, length)
	for i := range rows {
		rows[i] = float64(i % 3)
	}
	fresh := func() []reg.Block[T] {
		r := rand.New(rand.NewPCG(9, 1))
		w := reg.Block[T]{X: matrix.New[T](length, rank), Penalty: reg.L1(.3).Plus(reg.Penalty{{Degree: 2, Weight: .1, Rows: rows}}), Frozen: frozen}
		h := reg.Block[T]{X: matrix.New[T](rank, length), Trans: true, Penalty: reg.L2(2).Plus(reg.Penalty{{Degree: 1, Weight: .1, Rows: rows}}), Frozen: frozen}
		v := reg.Block[T]{X: matrix.New[T](length, rank), Penalty: reg.L1(3), Frozen: frozen}
		for _, b := range []reg.Block[T]{w, h, v} {
			for i := range b.X.Data {
				b.X.Data[i] = T(r.ExpFloat64())
			}
		}
		for i := range length {
			v.X.Set(i, 7, 0)
		}
		for i := range length / 2 { // one that is zero in some parts alone
			w.X.Set(i, 2, 0)
		}
		return []reg.Block[T]{w, h, v}
	}
	const eps = 1e-12
	want := fresh()
	for _, b := range want {
		b.Clear(eps)
	}
	scales := balance.Columns(columns(want)...)
	require.Equal(t, []int{7}, scales.Pruned)
	for _, log := range scales.Log {
		log[4] = 0
	}
	balance.Apply(scales, eps, want...)
	var first []reg.Block[T]
	for workers := range 4 {
		var pool *par.Pool
		if workers > 0 {
			pool = par.New(workers)
			defer pool.Close()
		}
		got := fresh()
		b := balance.NewBalancer(pool, eps, got...)
		found := b.Balance()
		require.Equal(t, []int{7}, found.Pruned)
		if first == nil {
			first = got
			for i := range got {
				require.InDeltaSlice(t, scales.Log[i][:7], found.Log[i][:7], 1e-13)
				for j, v := range got[i].X.Data {
					if w := want[i].X.Data[j]; math.Abs(float64(v-w)) > 1e-6*float64(w) {
						require.Failf(t, "wrong", "block %d, entry %d: %v, want %v", i, j, v, w)
					}
				}
			}
			continue
		}
		for i := range got {
			require.True(t, slices.Equal(first[i].X.Data, got[i].X.Data), "block %d with %d workers", i, workers)
		}
		// The memory of a block may be exchanged.
		other := got[1].X.Clone()
		for i := range other.Data {
			other.Data[i] *= 2
		}
		*got[1].X = *other.Clone()
		b.Balance()
		require.Less(t, got[1].X.At(0, 0), other.At(0, 0))
		if workers == 2 {
			t.Run("allocations", func(t *testing.T) {
				racing.CountsAllocations(t)
				require.Zero(t, testing.AllocsPerRun(10, func() { b.Balance() }))
			})
		}
	}
}
