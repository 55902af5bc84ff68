package nmf_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/matrix"
	"polyad/nmf"
)

func TestComponentsThatVanishAtOnceGetAnotherStart(t *testing.T) {
	x := matrix.New[float64](8, 8) // four blocks
	for i := range 8 {
		for j := range 8 {
			if i/2 == j/2 {
				x.Set(i, j, 1)
			}
		}
	}
	for _, method := range []nmf.Method{nmf.HALS{}, nmf.ANLS{}, nmf.ALS{}} {
		for _, init := range []nmf.Start{nil, nmf.NNDSVD{}, nmf.SPA{}} {
			r, err := nmf.Fit(context.Background(), x, 4, &nmf.Options{Method: method, Init: init})
			require.NoError(t, err)
			require.Less(t, r.RelError, 1e-3, "%v from %v: %+v", method, init, r.Start)
		}
	}
}
