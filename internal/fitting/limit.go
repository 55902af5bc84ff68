package fitting

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"polyad/internal/par"
	"polyad/solver"
)

// Limit is the end of a fit, as what comes before the first sweep looks at it: the
// context is cancelled, or the time is over. It may be asked by several goroutines
// at once. A nil limit is none.
type Limit struct {
	ctx   context.Context
	began time.Time
	limit time.Duration // 0: none
	end   time.Time
	over  atomic.Bool
}

// Grace is how long a start may take whatever the limit: nobody waits for less, and
// the start of small data is worth more than a random one. Tests set it to 0.
var Grace = 50 * time.Millisecond

// NewLimit returns the limit of a fit that begins now, with options that say from
// when their time counts.
func NewLimit(ctx context.Context, o solver.Options) *Limit {
	return &Limit{ctx: ctx, began: time.Now(), limit: o.MaxTime, end: o.Start.Add(o.MaxTime)}
}

// Over reports whether the fit is to end, and has gone on for long enough to be
// stopped. Once it has reported so, it goes on doing so.
func (l *Limit) Over() bool {
	if l == nil {
		return false
	}
	if l.over.Load() {
		return true
	}
	if l.ctx.Err() == nil && (l.limit == 0 || time.Now().Before(l.end)) || time.Since(l.began) < Grace {
		return false
	}
	l.over.Store(true)
	return true
}

// Cancelled returns the cause of the end of the context when [Limit.Over] reports
// true for that reason, else nil.
func (l *Limit) Cancelled() error {
	if l != nil && l.ctx.Err() != nil && l.Over() {
		return context.Cause(l.ctx)
	}
	return nil
}

// Err is the error of a limit that is over before there is a model, as the part of
// it that is named is still missing.
func (l *Limit) Err(name, missing string) error {
	if l.ctx.Err() != nil {
		return context.Cause(l.ctx)
	}
	return fmt.Errorf("%s: the time limit of %v was over before the %s were found; raise max-time: %w", name, l.limit, missing, context.DeadlineExceeded)
}

// Within runs the work of a start, which takes its time in products on the pool.
// From when the limit is over the pool leaves blocks out; then whole is false, and
// what the work has made is not to be used.
func (l *Limit) Within(pool *par.Pool, work func()) (whole bool) {
	if l == nil {
		work()
		return true
	}
	pool.Until(l.Over)
	defer pool.Until(nil)
	work()
	return !l.over.Load()
}
