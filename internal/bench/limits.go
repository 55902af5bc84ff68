package bench

import (
	"math"
	"time"

	"polyad/asm"
	"polyad/internal/par"
)

// limits measures what this machine can do with one level, element type and
// number of workers, each footprint once.
type limits[T asm.Float] struct {
	ker   *asm.Kernels[T]
	pool  *par.Pool
	timer timer
	peak  float64            // GFLOP/s
	rates map[string]float64 // GB/s
}

func newLimits[T asm.Float](pool *par.Pool, t timer) *limits[T] {
	l := &limits[T]{ker: asm.For[T](), pool: pool, timer: t, rates: map[string]float64{}}
	// Many blocks of some 100 µs: a worker that is late to wake does not count.
	task := &each{func(int) { l.ker.Peak(rounds) }}
	l.warm()
	_, best, _ := t.time(func() { pool.Run(blocks, task) })
	l.peak = blocks * rounds * float64(l.ker.PeakFlops) / best / 1e9
	return l
}

// Of the measurement of the peak.
const rounds, blocks = 20000, 64

// warm keeps the workers busy: the system takes its time to give a second one a
// processor of its own.
func (l *limits[T]) warm() {
	task := &each{func(int) { l.ker.Peak(rounds) }}
	for start := time.Now(); l.pool.Workers() > 1 && time.Since(start) < warmUp; {
		l.pool.Run(blocks, task)
	}
}

// warmUp is how long workers run before anything is measured.
const warmUp = 300 * time.Millisecond

// footprint rounds a number of bytes up to a power of two of at least 256 KiB.
func footprint(bytes float64) float64 {
	return math.Max(1<<18, math.Exp2(math.Ceil(math.Log2(bytes))))
}

// rate returns the rate in GB/s at which the workers together read, or write,
// memory of the given footprint, piece by piece.
func (l *limits[T]) rate(kind string, bytes float64) float64 {
	size := math.Min(footprint(bytes), 1<<28)
	key := kind + string(rune(int(math.Log2(size))))
	if r, ok := l.rates[key]; ok {
		return r
	}
	x := make([]T, int(size)/asm.SizeOf[T]())
	l.ker.Fill(x, 1)
	const blocks = 16
	task := &each{func(b int) {
		part := x[b*len(x)/blocks : (b+1)*len(x)/blocks]
		if kind == "write" {
			l.ker.Fill(part, 2)
		} else {
			l.ker.Sum(part)
		}
	}}
	_, best, _ := l.timer.time(func() { l.pool.Run(blocks, task) })
	l.rates[key] = size / best / 1e9
	return l.rates[key]
}

// each is a task made of a function.
type each struct{ f func(block int) }

// Do runs one block.
func (t *each) Do(block, _ int) { t.f(block) }
