package fitting_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"polyad/internal/fitting"
	"polyad/internal/par"
	"polyad/solver"
)

// slow counts blocks that take a while.
type slow struct{ done int }

func (s *slow) Do(int, int) { s.done++; time.Sleep(5 * time.Millisecond) }

func TestWorkWithinALimitEndsWithIt(t *testing.T) {
	why := errors.New("enough")
	cancelled, cancel := context.WithCancelCause(context.Background())
	cancel(why)
	pool := par.New(1)
	defer pool.Close()
	for _, c := range []context.Context{cancelled, context.Background()} {
		l := fitting.NewLimit(c, solver.Options{Start: time.Now(), MaxTime: time.Millisecond})
		var s slow
		require.True(t, l.Within(pool, func() { pool.Run(2, &s) }), "what takes a moment is finished")
		require.Equal(t, 2, s.done)
		require.False(t, l.Within(pool, func() { pool.Run(1000, &s) }))
		require.Less(t, s.done, 500)
		require.True(t, l.Over())
		s.done = 0
		pool.Run(3, &s)
		require.Equal(t, 3, s.done, "work after the start is done whatever the limit")
	}
	l := fitting.NewLimit(cancelled, solver.Options{})
	require.NoError(t, l.Cancelled())
	time.Sleep(60 * time.Millisecond)
	require.ErrorIs(t, l.Cancelled(), why)
	require.ErrorIs(t, l.Err("nmf", "x"), why)
	l = fitting.NewLimit(context.Background(), solver.Options{Start: time.Now(), MaxTime: time.Millisecond})
	require.ErrorIs(t, l.Err("nmf", "ranks"), context.DeadlineExceeded)
	require.NoError(t, l.Cancelled(), "time that is over is no error")
	var none *fitting.Limit
	require.False(t, none.Over())
	require.NoError(t, none.Cancelled())
}
