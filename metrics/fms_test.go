package metrics_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/internal/golden"
	"polyad/matrix"
	"polyad/metrics"
)

// bestSum tries every assignment.
func bestSum(a *matrix.Dense[float64]) float64 {
	if a.Rows > a.Cols {
		a = a.Transpose()
	}
	used := make([]bool, a.Cols)
	var from func(i int) float64
	from = func(i int) float64 {
		if i == a.Rows {
			return 0
		}
		best := math.Inf(-1)
		for j := range used {
			if !used[j] {
				used[j] = true
				best = math.Max(best, a.At(i, j)+from(i+1))
				used[j] = false
			}
		}
		return best
	}
	return from(0)
}

func TestAssignFindsTheLargestSum(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for trial := range 400 {
		a := matrix.New[float64](r.IntN(7), r.IntN(7))
		scale := math.Pow(10, float64(trial%5)*60-120)
		for i := range a.Data {
			a.Data[i] = r.NormFloat64() * scale
			if trial%3 == 0 { // many ties
				a.Data[i] = float64(r.IntN(3)) * scale
			}
		}
		match, total := metrics.Assign(a)
		require.Len(t, match, a.Rows)
		want := 0.0
		if min(a.Rows, a.Cols) > 0 {
			want = bestSum(a)
		}
		require.InDelta(t, want, total, 1e-12*scale*10, "%d x %d", a.Rows, a.Cols)
		var sum float64
		seen := map[int]bool{}
		for i, j := range match {
			if j >= 0 {
				require.False(t, seen[j])
				seen[j] = true
				sum += a.At(i, j)
			}
		}
		require.Len(t, seen, min(a.Rows, a.Cols))
		require.InDelta(t, total, sum, 1e-12*scale*10)
	}
}

func TestAssignTakesWhatIsNoNumberLast(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	match, total := metrics.Assign(matrix.Of(2, 3, []float64{nan, 1, -5, -inf, 7, nan}))
	assert.Equal(t, []int{2, 1}, match)
	assert.Equal(t, 2.0, total)
	match, _ = metrics.Assign(matrix.Of(2, 2, []float64{inf, 3, 100, nan}))
	assert.Equal(t, []int{1, 0}, match, "one pair is not a number in the other matching")
	match, _ = metrics.Assign(matrix.Of(2, 2, []float64{nan, nan, nan, nan}))
	slices.Sort(match)
	assert.Equal(t, []int{0, 1}, match)
	match, total = metrics.Assign(matrix.Of(2, 2, []float64{math.MaxFloat64, -math.MaxFloat64, 0, 1}))
	assert.Equal(t, []int{0, 1}, match)
	assert.Equal(t, math.MaxFloat64, total)
}

func TestGoldenFactorMatchScore(t *testing.T) {
	cases, err := golden.HRSI("fms")
	require.NoError(t, err)
	require.Len(t, cases, 1)
	c := cases[0]
	model := func(name string) (f []*matrix.Dense[float64]) {
		for n := range 3 {
			f = append(f, c.Inputs[fmt.Sprint(name, n)].Matrix())
		}
		return f
	}
	tol := c.Expect["tol"].(float64)
	score, match, err := metrics.FMS(model("A"), model("B"), metrics.FMSOptions{})
	require.NoError(t, err)
	assert.InDelta(t, c.Expect["fms_AB"], score, tol)
	for q, pair := range c.Expect["assign_AB"].([]any) {
		assert.Equal(t, pair, []any{float64(q), float64(match[q])})
	}
	score, _, err = metrics.FMS(model("A"), model("E"), metrics.FMSOptions{})
	require.NoError(t, err)
	assert.InDelta(t, c.Expect["fms_AE"], score, tol)
	score, _, err = metrics.FMS(model("A"), model("B"), metrics.FMSOptions{Weighted: true})
	require.NoError(t, err)
	assert.InDelta(t, c.Expect["fms_AB_weighted"], score, tol)
}

func TestScoreIsFreeOfOrderAndScale(t *testing.T) {
	both(t, testScore[float32], testScore[float64])
}

func testScore[T asm.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	w, h := matrix.New[T](9, 4), matrix.New[T](7, 4)
	for _, x := range []*matrix.Dense[T]{w, h} {
		for i := range x.Data {
			x.Data[i] = T(r.Float64())
		}
	}
	perm := []int{2, 0, 3, 1}
	pw, ph := w.Clone(), h.Clone()
	for q, p := range perm {
		scale := T(math.Pow(10, float64(8*q-12)))
		for i := range w.Rows {
			pw.Set(i, q, w.At(i, p)*scale)
		}
		for i := range h.Rows {
			ph.Set(i, q, -h.At(i, p)/scale)
		}
	}
	for _, weighted := range []bool{false, true} {
		score, match, err := metrics.FMS([]*matrix.Dense[T]{pw, ph}, []*matrix.Dense[T]{w, h}, metrics.FMSOptions{Weighted: weighted})
		require.NoError(t, err)
		assert.InDelta(t, 1, score, 1e-5)
		assert.Equal(t, perm, match)
	}
	for i := range ph.Data {
		ph.Data[i] *= 3
	}
	score, _, err := metrics.FMS([]*matrix.Dense[T]{pw, ph}, []*matrix.Dense[T]{w, h}, metrics.FMSOptions{Weighted: true})
	require.NoError(t, err)
	assert.InDelta(t, 1./3, score, 1e-5)
}

func TestPrunedComponentsMatchNothing(t *testing.T) {
	const eps = 1e-16
	r := rand.New(rand.NewPCG(5, 6))
	full := []*matrix.Dense[float64]{matrix.New[float64](8, 3), matrix.New[float64](6, 3)}
	for _, x := range full {
		for i := range x.Data {
			x.Data[i] = r.Float64() + .1
		}
	}
	one := []*matrix.Dense[float64]{full[0].Clone(), full[1].Clone()}
	for i := range 8 { // only component 1 is left, the others are at the floor
		one[0].Set(i, 0, eps)
		one[0].Set(i, 2, eps)
	}
	score := func(a, b []*matrix.Dense[float64], eps float64) float64 {
		s, _, err := metrics.FMS(a, b, metrics.FMSOptions{Eps: eps})
		require.NoError(t, err)
		return s
	}
	assert.InDelta(t, 1./3, score(one, full, eps), 1e-14)
	assert.InDelta(t, 1./3, score(full, one, eps), 1e-14)
	assert.Greater(t, score(one, full, 0), .6, "a constant resembles everything")
	assert.InDelta(t, 1, score(one, one, eps), 1e-14)
	none := []*matrix.Dense[float64]{matrix.New[float64](8, 3), full[1]}
	assert.Equal(t, 1.0, score(none, none, 0))
	assert.Zero(t, score(none, full, 0))
}

func TestModelsOfOtherShapesAreRefused(t *testing.T) {
	m := func(shapes ...[2]int) (f []*matrix.Dense[float64]) {
		for _, s := range shapes {
			f = append(f, matrix.New[float64](s[0], s[1]))
		}
		return f
	}
	for _, c := range [][2][]*matrix.Dense[float64]{
		{nil, nil}, {m([2]int{3, 2}), nil}, {m([2]int{3, 2}), m([2]int{4, 2})},
		{m([2]int{3, 2}, [2]int{3, 3}), m([2]int{3, 2}, [2]int{3, 3})},
	} {
		_, _, err := metrics.FMS(c[0], c[1], metrics.FMSOptions{})
		require.ErrorIs(t, err, metrics.ErrShape)
	}
}

func ExampleFMS() {
	a := []*matrix.Dense[float64]{matrix.Of(2, 2, []float64{1, 0, 0, 1}), matrix.Of(2, 2, []float64{1, 1, 0, 1})}
	b := []*matrix.Dense[float64]{matrix.Of(2, 2, []float64{0, 5, 1, 0}), matrix.Of(2, 2, []float64{1, 2, 1, 0})}
	score, match, err := metrics.FMS(a, b, metrics.FMSOptions{})
	fmt.Println(score > .9999, match, err)
	// Output: true [1 0] <nil>
}

func ExampleAssign() {
	match, total := metrics.Assign(matrix.Of(2, 3, []float64{9, 8, 1, 9, 2, 1}))
	fmt.Println(match, total)
	// Output: [1 0] 17
}

func TestModelsThatAreNotFiniteAreRefused(t *testing.T) {
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		x, y := matrix.Of(2, 1, []float64{1, 2}), matrix.Of(2, 1, []float64{3, bad})
		_, _, err := metrics.FMS([]*matrix.Dense[float64]{x, x}, []*matrix.Dense[float64]{x, y}, metrics.FMSOptions{})
		require.ErrorIs(t, err, metrics.ErrData)
		require.ErrorContains(t, err, "factor 1 of the second model")
		require.ErrorContains(t, err, "(1, 0)")
		_, _, _, err = metrics.SIR(y, x, 0)
		require.ErrorIs(t, err, metrics.ErrData)
	}
}

// A model that lacks one of three components, and one that has it as zeros, both
// recover two thirds, and a fourth component is extra.
func TestMissingComponentsCostTheirShare(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var truth []*matrix.Dense[float64]
	for _, rows := range []int{7, 6, 5} {
		f := matrix.New[float64](rows, 3)
		for i := range f.Data {
			f.Data[i] = r.NormFloat64()
		}
		truth = append(truth, f)
	}
	columns := func(order ...int) (fs []*matrix.Dense[float64]) {
		for _, f := range truth {
			g := matrix.New[float64](f.Rows, len(order))
			for k, q := range order {
				for i := range f.Rows {
					switch {
					case q < 0:
					case q < 3:
						g.Set(i, k, 3*f.At(i, q))
					default:
						g.Set(i, k, r.NormFloat64())
					}
				}
			}
			fs = append(fs, g)
		}
		return fs
	}
	for name, c := range map[string]struct {
		model []*matrix.Dense[float64]
		want  metrics.Recovery
		fms   float64
	}{
		"lacks one":        {columns(2, 0), metrics.Recovery{Score: 2. / 3, Matched: 2, Missing: 1, Match: []int{2, 0}}, 1},
		"has one as zeros": {columns(2, -1, 0), metrics.Recovery{Score: 2. / 3, Matched: 2, Missing: 1, Match: []int{2, -1, 0}}, 2. / 3},
		"has all":          {columns(1, 2, 0), metrics.Recovery{Score: 1, Matched: 3, Match: []int{1, 2, 0}}, 1},
		"has one too many": {columns(1, 3, 2, 0), metrics.Recovery{Score: 1, Matched: 3, Extra: 1, Match: []int{1, -1, 2, 0}}, 1},
		"has none":         {columns(-1, -1), metrics.Recovery{Missing: 3, Match: []int{-1, -1}}, 0},
	} {
		got, err := metrics.Recovered(c.model, truth, metrics.FMSOptions{})
		require.NoError(t, err)
		assert.InDelta(t, c.want.Score, got.Score, 1e-12, name)
		got.Score = c.want.Score
		assert.Equal(t, c.want, got, name)
		fms, _, err := metrics.FMS(c.model, truth, metrics.FMSOptions{})
		require.NoError(t, err)
		assert.InDelta(t, c.fms, fms, 1e-12, name)
	}
	none := columns(-1)
	got, err := metrics.Recovered(truth, none, metrics.FMSOptions{})
	require.NoError(t, err)
	assert.Equal(t, metrics.Recovery{Score: 1, Extra: 3, Match: got.Match}, got, "nothing was to be found")
}

func TestSkippedModesMayDiffer(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	random := func(rows int) *matrix.Dense[float32] {
		f := matrix.New[float32](rows, 2)
		for i := range f.Data {
			f.Data[i] = float32(r.NormFloat64())
		}
		return f
	}
	a := []*matrix.Dense[float32]{random(9), random(5), random(4)}
	b := []*matrix.Dense[float32]{random(7), a[1], a[2]} // another half of the samples
	_, _, err := metrics.FMS(a, b, metrics.FMSOptions{})
	require.ErrorIs(t, err, metrics.ErrShape)
	o := metrics.FMSOptions{Skip: []int{0}}
	score, match, err := metrics.FMS(a, b, o)
	require.NoError(t, err)
	assert.InDelta(t, 1, score, 1e-6)
	assert.Equal(t, []int{0, 1}, match)
	for i := range b[0].Rows { // pruned in the mode that is skipped
		b[0].Set(i, 1, 0)
	}
	got, err := metrics.Recovered(b, a, o)
	require.NoError(t, err)
	assert.InDelta(t, .5, got.Score, 1e-6)
	assert.Equal(t, 1, got.Missing)
	for _, skip := range [][]int{{3}, {-1}, {0, 1, 2}} {
		_, _, err = metrics.FMS(a, b, metrics.FMSOptions{Skip: skip})
		require.ErrorIs(t, err, metrics.ErrShape, "%v", skip)
	}
	_, _, err = metrics.FMS([]*matrix.Dense[float32]{nil}, b[:1], metrics.FMSOptions{})
	require.ErrorIs(t, err, metrics.ErrShape)
}
