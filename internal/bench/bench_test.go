package bench

import (
	"context"
	"fmt"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
)

func TestRowsAreConsistent(t *testing.T) {
	rows, err := Kernels(context.Background(), Options{Quick: true, Filter: regexp.MustCompile(`generic|^(peak|gram|hals|solve|read/f64/1 MiB)`)})
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
	for _, n := range []string{"peak", "read", "write", "gemm", "vht", "wtv", "wh", "gram", "kl", "is", "mttkrp", "ttm", "tucker-kl", "hals", "solve"} {
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
