package synth_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"polyad/cpd"
	"polyad/nmf"
	"polyad/solver"
	"polyad/tensor"
	"polyad/tucker"
)

// Where several starts are tried, runs keep their limits, the same call gives the same
// bits for any number of workers, and one run that is asked for is from its start.
func TestTrialsKeepWhatARunPromises(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	x := tensor.New[float64](7, 6, 5)
	for i := range x.Data {
		x.Data[i] = r.Float64()
	}
	type outcome struct {
		model any
		o     solver.Outcome
	}
	fits := map[string]func(ctx context.Context, run solver.Options, workers, restarts int) (*outcome, error){
		"nmf": func(ctx context.Context, run solver.Options, workers, restarts int) (*outcome, error) {
			f, err := nmf.Fit(ctx, x.Unfold(0), 3, &nmf.Options{Run: run, Workers: workers, Restarts: restarts})
			if f == nil {
				return nil, err
			}
			return &outcome{f.Model, f.Outcome}, err
		},
		"cpd": func(ctx context.Context, run solver.Options, workers, restarts int) (*outcome, error) {
			f, err := cpd.Fit(ctx, x, 3, &cpd.Options{Nonneg: cpd.All, Run: run, Workers: workers, Restarts: restarts})
			if f == nil {
				return nil, err
			}
			return &outcome{f.Model, f.Outcome}, err
		},
		"tucker": func(ctx context.Context, run solver.Options, workers, restarts int) (*outcome, error) {
			f, err := tucker.Fit(ctx, x, []int{2, 2, 2}, &tucker.Options{Nonneg: tucker.All, Run: run, Workers: workers, Restarts: restarts})
			if f == nil {
				return nil, err
			}
			return &outcome{f.Model, f.Outcome}, err
		},
	}
	for name, fit := range fits {
		few := solver.Options{MaxIter: solver.Set(12), Tol: solver.Set(0.)}
		one, err := fit(context.Background(), few, 1, 0)
		require.NoError(t, err, name)
		require.NotNil(t, one.o.Start, name)
		require.Equal(t, 32, one.o.Start.Tried, name)
		require.Equal(t, 12, one.o.Iterations, name)
		require.Equal(t, 12, one.o.Trace.Last().Iter, name)
		three, err := fit(context.Background(), few, 3, 0)
		require.NoError(t, err, name)
		require.Equal(t, one.model, three.model, name)
		alone, err := fit(context.Background(), few, 1, 1)
		require.NoError(t, err, name)
		require.Nil(t, alone.o.Start, name)

		ended, cancel := context.WithCancel(context.Background())
		cancel()
		began := time.Now()
		stopped, err := fit(ended, few, 1, 0)
		require.ErrorIs(t, err, context.Canceled, name)
		require.Less(t, time.Since(began), 10*time.Second, name)
		if stopped != nil {
			require.Zero(t, stopped.o.Iterations, name)
		}
		short, err := fit(context.Background(), solver.Options{MaxTime: time.Nanosecond}, 1, 0)
		require.NoError(t, err, name)
		require.Equal(t, solver.MaxTime, short.o.Status, name)
	}
}
