package models

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/reg"
)

// The last weight of a kind that is given for a block counts; several blocks are those
// that are not fixed, and factors all but the core.
func TestTheLastPenaltyOfABlockWins(t *testing.T) {
	for _, c := range []struct {
		kind  Kind
		given [][2]string
		fixed string
		want  []reg.Penalty
	}{
		{NMF{}, [][2]string{{"l1", "all=1"}, {"l1", "1=3"}, {"l2", "w=2"}}, "", []reg.Penalty{reg.L1(1).Plus(reg.L2(2)), reg.L1(3)}},
		{NMF{}, [][2]string{{"l1", "h=3"}, {"l1", "all=1"}}, "w", []reg.Penalty{{}, reg.L1(1)}},
		{CPD{}, [][2]string{{"l2", "2=1"}, {"l2", "factors=2"}, {"lp", "0=3:4"}}, "1", []reg.Penalty{reg.L2(2).Plus(reg.Lp(3, 4)), {}, reg.L2(2)}},
		{Tucker{}, [][2]string{{"l1", "factors=2"}, {"l1", "core=1"}, {"l1", "1=5"}}, "1", []reg.Penalty{reg.L1(2), reg.L1(5), reg.L1(2), reg.L1(1)}},
		{Tucker{}, [][2]string{{"l1", "all=2"}, {"l1", "core=0"}}, "", []reg.Penalty{reg.L1(2), reg.L1(2), reg.L1(2), reg.L1(0)}},
	} {
		var f penaltyFlags
		for _, g := range c.given {
			require.NoError(t, (&penaltyFlag{&f, g[0], c.kind.block, nil}).Set(g[1]))
		}
		got, err := f.of(c.kind.Keys(3), func(key string) bool { return key == c.fixed })
		require.NoError(t, err)
		require.Len(t, got, len(c.want))
		for n := range got {
			assert.ElementsMatch(t, c.want[n].Active(), got[n].Active(), "%v block %d", c.given, n)
		}
	}
	f := penaltyFlags{Given: []penalty{{"3", "l1", 1, 1}}}
	_, err := f.of(CPD{}.Keys(3), noneFixed)
	assert.ErrorContains(t, err, "modes 0 to 2")
}
