package tucker_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/matrix"
	"polyad/solver"
	"polyad/tensor"
	"polyad/tucker"
)

// everyRank calls visit with all ranks that orthonormal factors of this shape can
// have.
func everyRank(shape []int, visit func(ranks []int)) {
	ranks := make([]int, len(shape))
	var try func(n int)
	try = func(n int) {
		if n < len(ranks) {
			for ranks[n] = 1; ranks[n] <= shape[n]; ranks[n]++ {
				try(n + 1)
			}
			return
		}
		for n, r := range ranks {
			others := 1
			for k, s := range ranks {
				if k != n {
					others *= s
				}
			}
			if r > others {
				return
			}
		}
		visit(append([]int{}, ranks...))
	}
	try(0)
}

func stored(shape, ranks []int) int {
	core, sum := 1, 0
	for n, r := range ranks {
		core *= r
		sum += r * shape[n]
	}
	return core + sum
}

func TestRanksForATargetStoreTheFewestNumbersOfAll(t *testing.T) {
	both(t, testFewest[float32], testFewest[float64])
}

// testFewest compares with all ranks, of the truncated HOSVD and of HOOI from it.
func testFewest[T asm.Float](t *testing.T) {
	draws, targets := uint64(4), []float64{.5, .3, .1, .03, .01}
	if testing.Short() {
		draws, targets = 1, targets[:4]
	}
	for seed := range draws {
		g := rand.New(rand.NewPCG(seed, 7))
		for k, x := range []*tensor.Dense[T]{
			noisy[T](seed, []int{6, 5, 3}, []int{3, 3, 2}, seed%2 == 0, .2), decaying[T](6, 4, 5), tensor.New[T](4, 3, 2, 3), noisy[T](seed, []int{7, 6}, []int{3, 3}, false, .3),
		} {
			if k == 2 { // nothing but noise
				for i := range x.Data {
					x.Data[i] = T(g.NormFloat64())
				}
			}
			for _, target := range targets {
				cut, fitted := math.MaxInt, math.MaxInt
				all, err := tucker.HOSVD(ctx, x, reachableShape(x.Shape), &tucker.HOSVDOptions{Truncated: true})
				require.NoError(t, err)
				everyRank(x.Shape, func(ranks []int) {
					s := stored(x.Shape, ranks)
					if s < cut && relError(x, leading(all.Model, ranks)) <= target*(1-1e-3) {
						cut = s
					}
					if s >= fitted {
						return
					}
					r, err := tucker.Fit(ctx, x, ranks, nil)
					require.NoError(t, err)
					if r.RelError <= target*(1-1e-3) {
						fitted = s
					}
				})
				h, err := tucker.HOSVD(ctx, x, nil, &tucker.HOSVDOptions{Target: solver.Set(target)})
				require.NoError(t, err)
				require.LessOrEqual(t, h.RelError, target)
				require.LessOrEqual(t, h.Stored(), cut, "%v %g", x.Shape, target)
				r, err := tucker.Fit(ctx, x, nil, &tucker.Options{Target: solver.Set(target)})
				require.NoError(t, err)
				require.LessOrEqual(t, relError(x, r.Model), target*(1+precision[T](1e-12, 1e-5)))
				require.LessOrEqual(t, r.RelError, target)
				require.LessOrEqual(t, r.Stored(), fitted, "%v %g", x.Shape, target)
				require.LessOrEqual(t, r.Stored(), h.Stored())
			}
		}
	}
}

// reachableShape is a shape, or where one mode is longer than the product of the
// others, that product.
func reachableShape(shape []int) []int {
	most := append([]int{}, shape...)
	for n := range most {
		others := 1
		for k, s := range shape {
			if k != n {
				others *= s
			}
		}
		most[n] = min(most[n], others)
	}
	return most
}

// leading is the leading part of a model.
func leading[T asm.Float](m *tucker.Model[T], ranks []int) *tucker.Model[T] {
	part := &tucker.Model[T]{Core: m.Core, Factors: make([]*matrix.Dense[T], len(ranks))}
	for n, j := range ranks {
		part.Core = part.Core.Slice(n, 0, min(j, m.Core.Shape[n]))
		part.Factors[n] = m.Factors[n].View(0, 0, m.Factors[n].Rows, min(j, m.Core.Shape[n]))
	}
	part.Core = part.Core.Clone()
	return part
}

func TestAShortModeIsNotGivenUpForLongOnes(t *testing.T) {
	both(t, testPicture[float32], testPicture[float64])
}

// testPicture is of a smooth picture whose colours differ a little: to leave one out
// costs more columns of the long factors than it saves.
func testPicture[T asm.Float](t *testing.T) {
	x := tensor.New[T](60, 80, 3)
	g := rand.New(rand.NewPCG(3, 4))
	for range 400 {
		y, z, wide, tall := 60*g.Float64(), 80*g.Float64(), 1+7*g.Float64(), 1+7*g.Float64()
		colour := [3]float64{1 + .3*g.NormFloat64(), 1 + .3*g.NormFloat64(), 1 + .3*g.NormFloat64()}
		for i := range 60 {
			for j := range 80 {
				bump := math.Exp(-math.Pow((float64(i)-y)/tall, 2) - math.Pow((float64(j)-z)/wide, 2))
				for c, v := range colour {
					x.Data[(i*80+j)*3+c] += T(v * bump)
				}
			}
		}
	}
	const target = .08
	h, err := tucker.HOSVD(ctx, x, nil, &tucker.HOSVDOptions{Target: solver.Set(target)})
	require.NoError(t, err)
	for _, fitted := range []bool{false, true} {
		r := h.Model
		if fitted {
			f, err := tucker.Fit(ctx, x, nil, &tucker.Options{Target: solver.Set(target)})
			require.NoError(t, err)
			require.LessOrEqual(t, f.Stored(), h.Stored())
			r = f.Model
		}
		t.Log(r.Ranks(), r.Stored())
		require.Equal(t, 3, r.Ranks()[2])
		require.LessOrEqual(t, relError(x, r), target)
	}
	for colours := 1; colours < 3; colours++ { // with fewer of them more numbers are needed, if any are enough
		for j := 1; j <= 60; j++ {
			if r, err := tucker.HOSVD(ctx, x, []int{j, j, colours}, nil); err == nil && r.RelError <= target {
				t.Log(r.Ranks(), r.Stored())
				require.Greater(t, r.Stored(), h.Stored())
				break
			}
		}
	}
}
