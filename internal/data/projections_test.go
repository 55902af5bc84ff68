package data

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/matrix"
	"polyad/tensor"
)

func TestProjectionsAreSharedAndRight(t *testing.T) {
	for _, c := range []struct {
		shape, ranks []int // rank 0: no factor
		never        []bool
		first        float64 // first products a sweep
	}{
		{[]int{9, 8, 7}, []int{3, 3, 3}, []bool{false, false, false}, 1.5},
		{[]int{9, 8, 7}, []int{8, 2, 3}, []bool{false, false, false}, 2},
		{[]int{6, 5, 4, 7}, []int{3, 3, 3, 3}, []bool{false, false, false, false}, 4. / 3},
		{[]int{6, 5, 4, 7}, []int{3, 3, 3, 3}, []bool{false, true, false, false}, 0},
		{[]int{9, 8}, []int{3, 3}, []bool{false, false}, 2},
		{[]int{6, 5, 4}, []int{3, 0, 2}, []bool{false, true, false}, 2},
	} {
		got := firstProducts(t, c.shape, c.ranks, c.never)
		require.InDelta(t, c.first, got, 1e-12, "%v", c.ranks)
	}
}

// firstProducts compares the projections of some sweeps over random factors with those
// that are made anew, and returns how many first products there were a sweep.
func firstProducts(t *testing.T, shape, ranks []int, never []bool) float64 {
	r := rand.New(rand.NewPCG(1, 2))
	normal := func(x []float64) {
		for i := range x {
			x[i] = r.NormFloat64()
		}
	}
	x := tensor.New[float64](shape...)
	normal(x.Data)
	f, alone := make([]*matrix.Dense[float64], len(shape)), make([]bool, len(shape))
	for n := range f {
		if alone[n] = ranks[n] == 0; !alone[n] {
			f[n] = matrix.New[float64](shape[n], ranks[n])
			normal(f[n].Data)
		}
	}
	c := newProjections(nil, x, ranks, alone, never)
	firsts := 0
	compare := func(n int) {
		made := len(c.levels) == 0 || c.levels[0].mode == n
		p := c.product(n, f)
		if made {
			firsts++
		}
		others := slices.Clone(f)
		if n < len(f) {
			others[n] = nil
		}
		want := tensor.MultiModeProduct(nil, x, others, true)
		require.Equal(t, want.Shape, p.Shape)
		require.InDeltaSlice(t, want.Data, p.Data, 1e-9)
	}
	const warm, sweeps = 2, 12
	for k := range warm + sweeps {
		if k == warm {
			firsts = 0
		}
		for n := range f {
			if f[n] != nil && !never[n] {
				compare(n)
				normal(f[n].Data)
				c.changed(n)
			}
		}
		compare(len(f))
	}
	return float64(firsts) / sweeps
}

// Projections of data with missing entries are those of the mean of the observed ones
// in their place, and then of the model that they were filled from.
func TestMissingEntriesAreProjectedAsTheyWereFilled(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	shape, ranks := []int{5, 70, 3}, []int{2, 3, 2}
	x, mask := tensor.New[float64](shape...), tensor.NewMask(shape...)
	m := tensor.Tucker[float64]{Core: tensor.New[float64](ranks...)}
	for i := range m.Core.Data {
		m.Core.Data[i] = r.NormFloat64()
	}
	for n, size := range shape {
		m.Factors = append(m.Factors, matrix.New[float64](size, ranks[n]))
		for i := range m.Factors[n].Data {
			m.Factors[n].Data[i] = r.NormFloat64()
		}
	}
	y := m.Reconstruct(nil)
	var sum float64
	for i := range x.Data {
		x.Data[i] = 1 + r.Float64()
		if r.Float64() < .5 {
			mask.Bits[i/64] |= 1 << (i % 64)
			sum += 2 * x.Data[i]
		}
	}
	mean, filled, meant := sum/float64(mask.Count()), x.Clone(), x.Clone()
	for i := range x.Data {
		filled.Data[i] *= 2
		meant.Data[i] *= 2
		if mask.Bits[i/64]>>(i%64)&1 == 0 {
			filled.Data[i], meant.Data[i] = y.Data[i], mean
		}
	}
	d := NewTucker(nil, x, TuckerKind{Ranks: ranks, Mask: mask, Projections: true}, 2, 0)
	for mode := range 4 {
		others := slices.Clone(m.Factors)
		if mode < 3 {
			others[mode] = nil
		}
		require.InDeltaSlice(t, tensor.MultiModeProduct(nil, meant, others, true).Data, d.Project(mode, m.Factors).Data, 1e-9)
	}
	require.InDeltaSlice(t, meant.Data, d.Unfoldings().Rest().Data, 1e-12)
	d.Fill(m)
	for mode := range 4 {
		others := slices.Clone(m.Factors)
		if mode < 3 {
			others[mode] = nil
		}
		require.InDeltaSlice(t, tensor.MultiModeProduct(nil, filled, others, true).Data, d.Project(mode, m.Factors).Data, 1e-9)
	}
}
