// Package par runs the blocks of a task on a fixed set of worker goroutines.
//
// Work is cut into blocks at places that do not depend on the number of
// workers, and which worker runs which block is nobody's business: so results
// do not depend on the number of workers either. A call to [Pool.Run]
// allocates nothing.
package par

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Task is a piece of work that is cut into blocks. Do runs one of them; worker
// is in [0, Workers()) and no two blocks run at once with the same worker, so
// that it can index scratch memory. Keep the interface value and use it again:
// making one may allocate.
type Task interface{ Do(block, worker int) }

// Pool is a set of persistent workers. The nil pool is valid and runs
// everything on the calling goroutine. A pool serves one Run at a time.
type Pool struct {
	workers int
	task    Task
	blocks  int64
	next    atomic.Int64
	wake    []chan struct{}
	wg      sync.WaitGroup
	failed  atomic.Pointer[failure]
}

type failure struct{ value any }

// New returns a pool of the given number of workers, 0 meaning GOMAXPROCS. The
// caller counts as one of them. Close it when done.
func New(workers int) *Pool {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	p := &Pool{workers: workers}
	for i := 1; i < workers; i++ {
		c := make(chan struct{}, 1)
		p.wake = append(p.wake, c)
		go p.serve(c, i)
	}
	return p
}

// Workers returns the number of workers, 1 for the nil pool.
func (p *Pool) Workers() int {
	if p == nil {
		return 1
	}
	return p.workers
}

// Close ends the workers. The pool must not be used afterwards.
func (p *Pool) Close() {
	if p == nil {
		return
	}
	for _, c := range p.wake {
		close(c)
	}
	p.wake = nil
}

// Run calls t.Do once for each block in [0, blocks) and returns when all are
// done. A panic in a block is passed on to the caller.
func (p *Pool) Run(blocks int, t Task) {
	if p == nil || p.workers == 1 || blocks <= 1 {
		for b := 0; b < blocks; b++ {
			t.Do(b, 0)
		}
		return
	}
	p.task, p.blocks = t, int64(blocks)
	p.next.Store(0)
	n := min(len(p.wake), blocks-1)
	p.wg.Add(n)
	for _, c := range p.wake[:n] {
		c <- struct{}{}
	}
	p.work(0)
	p.wg.Wait()
	p.task = nil
	if f := p.failed.Swap(nil); f != nil {
		panic(f.value)
	}
}

func (p *Pool) serve(wake chan struct{}, worker int) {
	for range wake {
		p.work(worker)
		p.wg.Done()
	}
}

func (p *Pool) work(worker int) {
	defer func() {
		if v := recover(); v != nil {
			p.failed.CompareAndSwap(nil, &failure{v})
			p.next.Store(p.blocks)
		}
	}()
	for {
		b := p.next.Add(1) - 1
		if b >= p.blocks {
			return
		}
		p.task.Do(int(b), worker)
	}
}
