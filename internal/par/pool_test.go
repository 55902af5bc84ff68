package par_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/internal/par"
)

// pools calls f with pools of several sizes, the nil pool among them.
func pools(t *testing.T, f func(t *testing.T, p *par.Pool)) {
	t.Run("nil", func(t *testing.T) { f(t, nil) })
	for _, workers := range []int{1, 2, 3, 8} {
		t.Run(fmt.Sprint(workers), func(t *testing.T) {
			p := par.New(workers)
			defer p.Close()
			require.Equal(t, workers, p.Workers())
			f(t, p)
		})
	}
}

// counter counts how often each block runs and who is at work.
type counter struct {
	runs []atomic.Int32
	busy []atomic.Int32 // per worker
	bad  atomic.Int32   // blocks run with a worker out of range or busy
	spin int
	sum  []int // per worker, not atomic: the race detector watches it
}

func newCounter(blocks, workers int) *counter {
	return &counter{runs: make([]atomic.Int32, blocks), busy: make([]atomic.Int32, workers), sum: make([]int, workers)}
}

func (c *counter) Do(block, worker int) {
	if worker < 0 || worker >= len(c.busy) || !c.busy[worker].CompareAndSwap(0, 1) {
		c.bad.Add(1)
		return
	}
	c.sum[worker]++
	for range c.spin {
		runtime.Gosched()
	}
	c.runs[block].Add(1)
	c.busy[worker].Store(0)
}

func TestEveryBlockRunsOnce(t *testing.T) {
	pools(t, func(t *testing.T, p *par.Pool) {
		for _, blocks := range []int{0, 1, 2, 7, 1000} {
			for _, spin := range []int{0, 3} {
				c := newCounter(blocks, p.Workers())
				c.spin = spin
				p.Run(blocks, c)
				for b := range c.runs {
					require.EqualValues(t, 1, c.runs[b].Load(), "block %d of %d", b, blocks)
				}
				require.Zero(t, c.bad.Load(), "a worker out of range, or used twice at once")
				total := 0
				for _, n := range c.sum {
					total += n
				}
				require.Equal(t, blocks, total)
			}
		}
	})
}

func TestWorkersShareTheBlocks(t *testing.T) {
	// Each block waits until as many blocks are at work as there are workers, so
	// this ends only when all of them take part.
	const workers = 3
	p := par.New(workers)
	defer p.Close()
	m := &meeting{size: workers}
	p.Run(workers, m)
	assert.Equal(t, int32(workers), m.here.Load())
}

func TestWorkersThatSleepAreWoken(t *testing.T) {
	p := par.New(3)
	defer p.Close()
	for range 3 {
		m := &meeting{size: 3}
		p.Run(3, m) // ends only when all workers have come
		assert.Equal(t, int32(3), m.here.Load())
		time.Sleep(5 * time.Millisecond) // more than their patience
	}
}

func TestIdleWorkersSleep(t *testing.T) {
	p := par.New(4)
	defer p.Close()
	p.Run(100, newCounter(100, 4))
	stacks := make([]byte, 1<<20)
	require.Eventually(t, func() bool {
		sleep, awake := 0, 0
		for _, s := range strings.Split(string(stacks[:runtime.Stack(stacks, true)]), "\n\n") {
			switch head, _, _ := strings.Cut(s, "\n"); {
			case !strings.Contains(s, "par.(*Pool).serve"):
			case strings.Contains(head, "[chan receive"):
				sleep++
			default:
				awake++
			}
		}
		return sleep == 3 && awake == 0
	}, 5*time.Second, time.Millisecond, "workers that have nothing to do use the processor")
}

type meeting struct {
	size int32
	here atomic.Int32
}

func (m *meeting) Do(int, int) {
	m.here.Add(1)
	for m.here.Load() < m.size {
		runtime.Gosched()
	}
}

// faulty panics in one block.
type faulty struct {
	at    int
	value any
	runs  atomic.Int32
}

func (f *faulty) Do(block, _ int) {
	f.runs.Add(1)
	if block == f.at {
		panic(f.value)
	}
}

func TestPanicReachesTheCaller(t *testing.T) {
	pools(t, func(t *testing.T, p *par.Pool) {
		for round := range 50 {
			for _, blocks := range []int{1, 2, 7} {
				at := round % blocks
				assert.PanicsWithValue(t, "boom", func() { p.Run(blocks, &faulty{at: at, value: "boom"}) })
				c := newCounter(blocks, p.Workers())
				p.Run(blocks, c)
				for b := range c.runs {
					require.EqualValues(t, 1, c.runs[b].Load(), "the pool must work on after a panic")
				}
			}
		}
	})
}

// allFaulty panics in every block.
type allFaulty struct{}

func (allFaulty) Do(block, _ int) { panic(block) }

func TestOneOfManyPanicsReachesTheCaller(t *testing.T) {
	pools(t, func(t *testing.T, p *par.Pool) {
		assert.Panics(t, func() { p.Run(100, allFaulty{}) })
		c := newCounter(3, p.Workers())
		assert.NotPanics(t, func() { p.Run(3, c) }, "a panic must be passed on once")
	})
}

func TestRunAllocatesNothing(t *testing.T) {
	// AllocsPerRun sets GOMAXPROCS to 1, so the workers are asked for.
	for _, workers := range []int{1, 2, 3} {
		p := par.New(workers)
		c := newCounter(20, workers)
		var task par.Task = c
		assert.Zero(t, testing.AllocsPerRun(100, func() { p.Run(20, task) }), "%d workers", workers)
		assert.Zero(t, c.bad.Load())
		p.Close()
	}
}

// goroutines returns the number of goroutines once it has stood still for a
// while, so that those of other tests are gone.
func goroutines() int {
	n := runtime.NumGoroutine()
	for still := 0; still < 20; still++ {
		time.Sleep(time.Millisecond)
		if m := runtime.NumGoroutine(); m != n {
			n, still = m, 0
		}
	}
	return n
}

func TestCloseEndsTheWorkers(t *testing.T) {
	before := goroutines()
	p := par.New(8)
	assert.Equal(t, before+7, runtime.NumGoroutine(), "the caller is one of the workers")
	p.Run(100, newCounter(100, 8))
	p.Close()
	p.Close()
	assert.Equal(t, before, goroutines())
}

func TestZeroWorkersMeansAllProcessors(t *testing.T) {
	p := par.New(0)
	defer p.Close()
	assert.Equal(t, runtime.GOMAXPROCS(0), p.Workers())
	var none *par.Pool
	assert.Equal(t, 1, none.Workers())
	assert.NotPanics(t, none.Close)
}

// squares writes i² into element i.
type squares []int

func (s squares) Do(block, _ int) { s[block] = block * block }

func ExamplePool_Run() {
	p := par.New(2)
	defer p.Close()
	s := make(squares, 6)
	p.Run(len(s), s)
	fmt.Println(s)
	// Output: [0 1 4 9 16 25]
}
