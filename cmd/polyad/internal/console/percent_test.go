package console

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOnlyRoundingIsCalledAllOfTheData(t *testing.T) {
	for relError, want := range map[float64]string{
		0: "100 %", 1e-9: "100 %", 1: "0 %", .5: "75 %", .1288: "98.34 %", .00192: "99.99963 %", .00442: "99.998 %", 3e-5: "99.99999991 %", 1.2: "-44 %",
	} {
		require.Equal(t, want, Percent(relError), relError)
	}
}
