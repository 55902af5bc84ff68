package nmf_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/nmf"
)

// With most of an exact matrix missing, least squares arrive.
func TestFewEntriesOfAnExactMatrixAreFitted(t *testing.T) {
	good := 0
	for seed := range uint64(10) {
		o := nmf.Options{Method: nmf.ANLS{}, Mask: holes(500+seed, 12, 10, .6), Seed: seed}
		r, err := nmf.Fit(ctx, lowRank[float64](600+seed, 12, 10, 2), 2, &o)
		require.NoError(t, err)
		if r.RelError < 1e-4 {
			good++
		}
	}
	require.GreaterOrEqual(t, good, 9)
}
