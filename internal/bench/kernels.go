package bench

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"runtime"
	"slices"

	"polyad/asm"
	"polyad/internal/par"
)

// Row is one measurement. Fields that mean nothing for a row are 0 or empty.
type Row struct {
	Name    string `json:"name"`
	DType   string `json:"dtype"` // f32 or f64
	Shape   string `json:"shape"` // of the large operand
	Rank    int    `json:"rank"`
	Mode    int    `json:"mode"`
	SIMD    string `json:"simd"`
	Workers int    `json:"workers"`

	Seconds float64 `json:"seconds"` // the median
	Min     float64 `json:"min"`
	Max     float64 `json:"max"`

	Flops  float64 `json:"flops"`
	Bytes  float64 `json:"bytes"`
	GFlops float64 `json:"gflops"`
	GBs    float64 `json:"gbs"`

	PeakGFlops float64 `json:"peak_gflops"`
	PeakGBs    float64 `json:"peak_gbs"`
	TFlops     float64 `json:"t_flops"` // seconds that the flops take at the peak
	TBytes     float64 `json:"t_bytes"` // seconds that the bytes take at the rate
	Share      float64 `json:"share"`
}

// Options of a run.
type Options struct {
	Filter *regexp.Regexp // of "name/dtype/shape/rRANK/mMODE/simd/wWORKERS"; nil: everything
	Quick  bool           // few and short samples
	Row    func(Row)      // is told each row as it is measured; may be nil
}

// Kernels measures all levels of this machine, the Generic one on small shapes
// only, for both element types and for one worker and as many as there are
// processors, at most two. When ctx is cancelled what was measured so far is
// returned with its cause.
func Kernels(ctx context.Context, o Options) ([]Row, error) {
	k := &kernels{ctx: ctx, o: o, timer: careful}
	if o.Quick {
		k.timer = quick
	}
	levels := asm.Levels()
	slices.Reverse(levels)
	for _, level := range levels {
		restore, err := asm.Use(level)
		if err != nil {
			return k.rows, err
		}
		for workers := 1; workers <= min(2, runtime.GOMAXPROCS(0)); workers++ {
			pool := par.New(workers)
			measure[float64](k, level, pool)
			measure[float32](k, level, pool)
			pool.Close()
		}
		restore()
	}
	return k.rows, context.Cause(ctx)
}

type kernels struct {
	ctx   context.Context
	o     Options
	timer timer
	rows  []Row
}

// measure makes the rows of one level, element type and number of workers.
func measure[T asm.Float](k *kernels, level asm.Level, pool *par.Pool) {
	base := Row{DType: dtype[T](), SIMD: level.String(), Workers: pool.Workers()}
	var lim *limits[T] // measured when the first row asks for it
	limit := func() *limits[T] {
		if lim == nil {
			lim = newLimits[T](pool, k.timer)
		}
		return lim
	}
	wanted := func(r Row) bool {
		key := fmt.Sprintf("%s/%s/%s/r%d/m%d/%s/w%d", r.Name, r.DType, r.Shape, r.Rank, r.Mode, r.SIMD, r.Workers)
		return k.ctx.Err() == nil && (k.o.Filter == nil || k.o.Filter.MatchString(key))
	}
	peak := base
	if peak.Name = "peak"; wanted(peak) {
		l := limit()
		peak.GFlops, peak.PeakGFlops, peak.Share = l.peak, l.peak, 1
		peak.Flops = 1e9 * l.peak
		peak.Seconds, peak.Min, peak.Max, peak.TFlops = 1, 1, 1, 1
		k.add(peak)
	}
	for _, kind := range []string{"read", "write"} {
		for _, mb := range []float64{1, 8, 32, 128} {
			r := base
			r.Name, r.Bytes = kind, mb*(1<<20)
			r.Shape = fmt.Sprintf("%g MiB", mb)
			if wanted(r) {
				r.GBs = limit().rate(kind, r.Bytes)
				r.PeakGBs, r.Share = r.GBs, 1
				r.Seconds = r.Bytes / r.GBs / 1e9
				r.Min, r.Max, r.TBytes = r.Seconds, r.Seconds, r.Seconds
				k.add(r)
			}
		}
	}
	for _, c := range cases[T](level == asm.Generic) {
		r := base
		r.Name, r.Shape, r.Rank, r.Mode, r.Flops, r.Bytes = c.name, c.shape, c.rank, c.mode, c.flops, c.bytes
		if !wanted(r) || c.name == "gonum-gemm" && (level == asm.Generic || pool.Workers() > 1) {
			continue
		}
		l := limit()
		r.Seconds, r.Min, r.Max = k.timer.time(c.make(pool))
		r.GFlops, r.GBs = r.Flops/r.Seconds/1e9, r.Bytes/r.Seconds/1e9
		kind := "read"
		if c.writes {
			kind = "write"
		}
		r.PeakGFlops, r.PeakGBs = l.peak, l.rate(kind, r.Bytes)
		r.TFlops, r.TBytes = r.Flops/r.PeakGFlops/1e9, r.Bytes/r.PeakGBs/1e9
		r.Share = math.Max(r.TFlops, r.TBytes) / r.Seconds
		k.add(r)
	}
}

func (k *kernels) add(r Row) {
	k.rows = append(k.rows, r)
	if k.o.Row != nil {
		k.o.Row(r)
	}
}
