// Package par runs the blocks of a task on a fixed set of worker goroutines.
//
// Work is cut into blocks at places that do not depend on the number of
// workers, and which worker runs which block is nobody's business: so results
// do not depend on the number of workers either. A call to [Pool.Run]
// allocates nothing.
package par

import (
	"runtime"
	"sync/atomic"
	"time"
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
	helpers []*helper
	left    atomic.Int32  // helpers that have been called and have not ended, and the caller
	done    chan struct{} // the last helper has ended, and the caller sleeps
	failed  atomic.Pointer[failure]
	over    func() bool // nil: tasks run to their end
}

// helper is a worker other than the caller.
type helper struct {
	state atomic.Int32
	wake  chan struct{}
	_     [64]byte // its state changes often: no other shares the cache line
}

// States of a helper. Run makes it called from waiting or asleep, and takes that
// back when there is nothing left to do before the helper has come.
const (
	waiting int32 = iota // looks for a call again and again
	asleep               // until something comes through wake
	called
	busy
)

// patience is how long a worker that has nothing to do looks for it before it
// goes to sleep. To be woken takes some tens of microseconds, as long as many a
// task, and sweeps follow each other faster than this.
const patience = 100 * time.Microsecond

type failure struct{ value any }

// New returns a pool of the given number of workers, 0 meaning GOMAXPROCS. The
// caller counts as one of them. Close it when done.
func New(workers int) *Pool {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	p := &Pool{workers: workers, done: make(chan struct{}, 1)}
	for i := 1; i < workers; i++ {
		h := &helper{wake: make(chan struct{}, 1)}
		p.helpers = append(p.helpers, h)
		go p.serve(h, i)
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

// Until lets work end early: once over reports true, and it must go on doing so,
// blocks that have not begun are left out, so that what is computed is not to be
// used. Workers call over at the same time. nil: all work is done again.
func (p *Pool) Until(over func() bool) {
	if p != nil {
		p.over = over
	}
}

// Over reports whether work is left out, so that long work between two tasks may
// be left out, too.
func (p *Pool) Over() bool { return p != nil && p.over != nil && p.over() }

// Close ends the workers. The pool must not be used afterwards.
func (p *Pool) Close() {
	if p == nil {
		return
	}
	for _, h := range p.helpers {
		close(h.wake)
	}
	p.helpers = nil
}

// Run calls t.Do once for each block in [0, blocks) and returns when all are
// done. A panic in a block is passed on to the caller.
func (p *Pool) Run(blocks int, t Task) {
	if p == nil || p.workers == 1 || blocks <= 1 {
		for b := 0; b < blocks && !p.Over(); b++ {
			t.Do(b, 0)
		}
		return
	}
	p.task, p.blocks = t, int64(blocks)
	p.next.Store(0)
	helpers := p.helpers[:min(len(p.helpers), blocks-1)]
	p.left.Store(int32(len(helpers)) + 1)
	for _, h := range helpers {
		if h.state.Swap(called) == asleep {
			h.wake <- struct{}{}
		}
	}
	p.work(0)
	for _, h := range helpers {
		if h.state.CompareAndSwap(called, waiting) {
			p.left.Add(-1) // too late to be of use
		}
	}
	for start := time.Now(); p.left.Load() > 1 && time.Since(start) < patience; {
		runtime.Gosched()
	}
	if p.left.Add(-1) > 0 {
		<-p.done
	}
	p.task = nil
	if f := p.failed.Swap(nil); f != nil {
		panic(f.value)
	}
}

func (p *Pool) serve(h *helper, worker int) {
	for {
		for start := time.Now(); !h.state.CompareAndSwap(called, busy); {
			for h.state.Load() != called && time.Since(start) < patience {
				runtime.Gosched()
			}
			if h.state.CompareAndSwap(waiting, asleep) {
				if _, open := <-h.wake; !open {
					return
				}
				start = time.Now()
			}
		}
		p.work(worker)
		h.state.Store(waiting)
		if p.left.Add(-1) == 0 {
			p.done <- struct{}{}
		}
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
		if b >= p.blocks || p.Over() {
			return
		}
		p.task.Do(int(b), worker)
	}
}
