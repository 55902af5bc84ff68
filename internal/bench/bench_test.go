package bench

import (
	"context"
	"fmt"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/solver"
	"polyad/tensor"
)

func TestRowsAreConsistent(t *testing.T) {
	filter := `generic|^(peak|gram|hals|solve|read/f64/1 MiB)`
	if testing.Short() {
		filter = `f64/.*generic/w1$|^(peak|gram)/f32/.*w1$`
	}
	rows, err := Kernels(context.Background(), Options{Quick: true, Filter: regexp.MustCompile(filter)})
	require.NoError(t, err)
	names := map[string]bool{}
	for _, r := range rows {
		names[r.Name] = true
		msg := fmt.Sprintf("%+v", r)
		assert.Positive(t, r.Seconds, msg)
		assert.LessOrEqual(t, r.Min, r.Seconds, msg)
		assert.GreaterOrEqual(t, r.Max, r.Seconds, msg)
		assert.Positive(t, r.Share, msg)
		if r.Name == "peak" || r.Name == "read" || r.Name == "write" {
			continue
		}
		assert.InEpsilon(t, max(r.TFlops, r.TBytes)/r.Seconds, r.Share, 1e-12, msg)
		assert.InEpsilon(t, r.Flops/1e9/r.PeakGFlops, r.TFlops, 1e-12, msg)
		assert.InEpsilon(t, r.Flops/r.Seconds/1e9, r.GFlops, 1e-12, msg)
		assert.NotEmpty(t, r.Shape, msg)
	}
	for _, n := range []string{"peak", "read", "write", "gemm", "vht", "wtv", "wh", "gram", "kl", "is", "mttkrp", "ttm", "hals", "solve"} {
		assert.True(t, names[n], n)
	}
}

func TestCancelledRunReturnsWhatItHas(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	rows, err := Kernels(ctx, Options{Quick: true, Row: func(Row) { cancel() }})
	require.ErrorIs(t, err, context.Canceled)
	require.Len(t, rows, 1)
}

// BenchmarkKernels runs the cases of `polyad bench kernels` on the default level
// with one worker, in benchstat's form.
func BenchmarkKernels(b *testing.B) {
	run(b, "f64", cases[float64](asm.Current() == asm.Generic))
	run(b, "f32", cases[float32](asm.Current() == asm.Generic))
}

func TestSweepsAreConsistent(t *testing.T) {
	restore, err := asm.Use(asm.Generic)
	require.NoError(t, err)
	defer restore()
	var told []Sweep
	rows, err := Sweeps(context.Background(), regexp.MustCompile(`^cpd/40x40x40/r8/w1$`), true, func(s Sweep) { told = append(told, s) })
	require.NoError(t, err)
	require.Equal(t, rows, told)
	require.Len(t, rows, 4)
	for i, s := range rows {
		msg := fmt.Sprintf("%+v", s)
		assert.Equal(t, []string{"als", "hals"}[i%2], s.Name)
		assert.Equal(t, []string{"f64", "f32"}[i/2], s.DType)
		assert.Positive(t, s.Min, msg)
		assert.LessOrEqual(t, s.Min, s.Seconds, msg)
		assert.GreaterOrEqual(t, s.Max, s.Seconds, msg)
		assert.InEpsilon(t, s.Seconds/s.Pass, s.Passes, 1e-12, msg)
		assert.Equal(t, 1.5, s.Reads, msg)
		assert.Equal(t, 40*40*8, s.Words, msg)
		assert.GreaterOrEqual(t, s.Bound, s.Words, msg)
		assert.Equal(t, i%2 == 1, s.OfALS > 0, msg)
		assert.Equal(t, i/2 == 1, s.OfF64 > 0, msg)
	}
	rows, err = Sweeps(context.Background(), regexp.MustCompile(`^tucker-.*/w1$`), true, nil)
	require.NoError(t, err)
	require.Len(t, rows, 10)
	for i, s := range rows {
		msg := fmt.Sprintf("%+v", s)
		assert.GreaterOrEqual(t, s.Min, 0., msg)
		assert.Equal(t, s.Min == 0, s.Noise, msg)
		assert.Equal(t, "tucker-"+[]string{"hooi", "hosvd", "hals", "kl", "kl"}[i/2], s.Name)
		assert.LessOrEqual(t, s.Min, s.Seconds, msg)
		assert.GreaterOrEqual(t, s.Max, s.Seconds, msg)
		assert.Positive(t, s.Least, msg)
		if s.Seconds > 0 {
			assert.InEpsilon(t, s.Least/s.Seconds, s.Share, 1e-12, msg)
		}
		if i%2 == 0 || s.Seconds == 0 {
			assert.Zero(t, s.OfF64, msg)
		} else {
			assert.InEpsilon(t, rows[i-1].Seconds/s.Seconds, s.OfF64, 1e-12, msg)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = Sweeps(ctx, nil, true, nil)
	require.ErrorIs(t, err, context.Canceled)
}

// TestDifferencesOfRunsAreNeverNegative: two rounds of sweeps and an objective, of
// which the longer one is disturbed less than the shorter one.
func TestDifferencesOfRunsAreNeverNegative(t *testing.T) {
	var s Sweep
	s.take(differences([]float64{1, 5, 6}, []float64{2, 8, 14}, 3))
	assert.Equal(t, Sweep{Seconds: 1, Min: 0, Max: 3, Noise: true}, s)
	s.take(differences([]float64{1, 9, 9}, []float64{2, 8, 15}, 3))
	assert.Equal(t, Sweep{Seconds: 0, Min: 0, Max: 2, Noise: true}, s)
	assert.Zero(t, over(1, s.Seconds))
	s.take(differences([]float64{1, 2, 9}, []float64{5, 8, 11}, 3))
	assert.Equal(t, Sweep{Seconds: 2, Min: 1, Max: 3}, s)
}

// BenchmarkSweeps runs the cases of `polyad bench solvers` with one worker, in
// benchstat's form.
func BenchmarkSweeps(b *testing.B) {
	for _, c := range sweepCases(asm.Current() == asm.Generic) {
		benchSweeps[float64](b, "f64", c)
		benchSweeps[float32](b, "f32", c)
	}
}

func benchSweeps[T asm.Float](b *testing.B, dtype string, c sweepCase) {
	var x *tensor.Dense[T]
	for _, m := range sweepMethods {
		b.Run(fmt.Sprintf("%s/%s/%s/r%d", m, dtype, shapeText(c.shape), c.rank), func(b *testing.B) {
			if x == nil {
				x = uniform[T](c.shape)
			}
			b.ReportAllocs()
			// One sweep first, and one more, which the final loss comes after.
			err := fit(context.Background(), x, c.rank, m, 1, b.N+2, func(e solver.Event) bool {
				switch e.Iter {
				case 1:
					b.ResetTimer()
				case b.N + 1:
					b.StopTimer()
				}
				return false
			})
			require.NoError(b, err)
		})
	}
}

func run[T asm.Float](b *testing.B, dtype string, all []testCase[T]) {
	for _, c := range all {
		b.Run(fmt.Sprintf("%s/%s/%s/r%d/m%d", c.name, dtype, c.shape, c.rank, c.mode), func(b *testing.B) {
			f := c.make(nil)
			f()
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				f()
			}
			b.ReportMetric(c.flops*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}

func TestExpansionsAreCountedInTheirBestOrder(t *testing.T) {
	// 32 x 12 x 10 to 428 x 12 x 10, 428 x 96 x 10, 428 x 96 x 100.
	assert.Equal(t, 2*float64(32*12*10*428+428*12*10*96+428*96*10*100), expansion([]int{428, 96, 100}, []int{32, 12, 10}))
}
