package synth_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/internal/synth"
	"polyad/matrix"
	"polyad/ndio"
	"polyad/nmf"
	"polyad/solver"
	"polyad/tensor"
)

func both(t *testing.T, f32, f64 func(t *testing.T)) {
	t.Run("f32", f32)
	t.Run("f64", f64)
}

// epsilon is a few roundings of T.
func epsilon[T asm.Float]() float64 {
	if len(asm.Bytes([]T{0})) == 4 {
		return 4e-7
	}
	return 1e-14
}

// sumOf evaluates Σ core·Π factors entry by entry, straight from the definition
// of a Tucker model.
func sumOf[T asm.Float](core *tensor.Dense[T], f []*matrix.Dense[T], index []int) (sum float64) {
	n, _ := tensor.Elements(core.Shape)
	for k := range n {
		v, rest := float64(core.Contiguous().Data[k]), k
		for mode := len(f) - 1; mode >= 0; mode-- {
			v *= float64(f[mode].At(index[mode], rest%core.Shape[mode]))
			rest /= core.Shape[mode]
		}
		sum += v
	}
	return sum
}

// checkEntries compares all entries of x with want(index).
func checkEntries[T asm.Float](t *testing.T, x *tensor.Dense[T], want func(index []int) float64) {
	t.Helper()
	index := make([]int, x.Order())
	for k := range x.Len() {
		rest := k
		for mode := len(index) - 1; mode >= 0; mode-- {
			index[mode] = rest % x.Shape[mode]
			rest /= x.Shape[mode]
		}
		require.InDelta(t, want(index), float64(x.At(index...)), 20*epsilon[T]())
	}
}

func TestDataAreTheModel(t *testing.T) {
	both(t, dataAreTheModel[float32], dataAreTheModel[float64])
}

func dataAreTheModel[T asm.Float](t *testing.T) {
	d, err := synth.NMF[T](7, 5, 3, synth.Options{Density: 0.5, Seed: 1})
	require.NoError(t, err)
	checkEntries(t, d.X, func(i []int) (v float64) {
		for q := range 3 {
			v += float64(d.Truth.W.At(i[0], q)) * float64(d.Truth.H.At(q, i[1]))
		}
		return v
	})
	for _, shape := range [][]int{{4, 3}, {3, 4, 5}, {2, 3, 2, 3}, {1, 6, 1}, {1, 1}} {
		for _, nonneg := range []bool{false, true} {
			o := synth.Options{Nonneg: nonneg, Seed: 5, Density: 0.7}
			c, err := synth.CPD[T](shape, 3, o)
			require.NoError(t, err)
			require.Equal(t, shape, c.X.Shape)
			ranks := make([]int, len(shape))
			for i := range ranks {
				ranks[i] = 3
			}
			super := tensor.New[T](ranks...)
			for q := range 3 {
				at := make([]int, len(shape))
				for i := range at {
					at[i] = q
				}
				super.Set(c.Truth.Weights[q], at...)
			}
			checkEntries(t, c.X, func(i []int) float64 { return sumOf(super, c.Truth.Factors, i) })

			for i, n := range shape {
				ranks[i] = min(n, 2)
			}
			if len(shape) == 3 && shape[0] == 1 {
				ranks = []int{1, 1, 1}
			}
			k, err := synth.Tucker[T](shape, ranks, o)
			require.NoError(t, err)
			require.Equal(t, shape, k.X.Shape)
			checkEntries(t, k.X, func(i []int) float64 { return sumOf(k.Truth.Core, k.Truth.Factors, i) })
			assert.Zero(t, c.RelError+k.RelError)
			for _, f := range append(c.Truth.Factors, k.Truth.Factors...) {
				for _, v := range f.Data {
					if nonneg {
						assert.GreaterOrEqual(t, v, T(0))
					}
				}
			}
		}
	}
}

func TestDensityIsExact(t *testing.T) {
	zeros := func(x []float64, from, step int) (n int) {
		for i := from; i < len(x); i += step {
			if x[i] == 0 {
				n++
			}
		}
		return n
	}
	for _, density := range []float64{0, 0.01, 0.3, 0.5, 1} {
		keep := func(n int) int {
			if density == 0 {
				return n
			}
			return max(1, int(math.Round(density*float64(n))))
		}
		d, err := synth.NMF[float64](40, 30, 4, synth.Options{Density: density})
		require.NoError(t, err)
		for q := range 4 {
			assert.Equal(t, 40-keep(40), zeros(d.Truth.W.Data, q, 4), density)
			assert.Equal(t, 30-keep(30), zeros(d.Truth.H.Row(q), 0, 1), density)
		}
		k, err := synth.Tucker[float64]([]int{8, 9, 10}, []int{4, 3, 2}, synth.Options{Density: density})
		require.NoError(t, err)
		assert.Equal(t, 24-keep(24), zeros(k.Truth.Core.Data, 0, 1))
		assert.Zero(t, zeros(k.Truth.Factors[0].Data, 0, 1))
	}
}

// TestNoiseHasTheRatioAskedFor measures the noise from the data and the model
// that is returned.
func TestNoiseHasTheRatioAskedFor(t *testing.T) {
	both(t, noiseHasTheRatio[float32], noiseHasTheRatio[float64])
}

func noiseHasTheRatio[T asm.Float](t *testing.T) {
	for _, c := range []struct {
		noise     synth.Noise
		snr       float64
		nonneg    bool
		tolerance float64 // dB
	}{
		{synth.Gaussian, 10, false, 1e-4}, {synth.Gaussian, -5, false, 1e-4}, {synth.Gaussian, 40, true, 0.1},
		{synth.Poisson, 0, true, 0.5}, {synth.Poisson, 10, true, 0.2}, {synth.Poisson, 40, true, 0.2},
		{synth.Gamma, -3, true, 1}, {synth.Gamma, 0, true, 0.5}, {synth.Gamma, 30, true, 0.2},
	} {
		t.Run(fmt.Sprint(c.noise, c.snr), func(t *testing.T) {
			d, err := synth.CPD[T]([]int{30, 20, 25}, 3, synth.Options{Nonneg: c.nonneg, Noise: c.noise, SNR: c.snr, Seed: 3})
			require.NoError(t, err)
			mean := d.Truth.Reconstruct()
			var signal, noise, all, bias float64
			for i, m := range mean.Data {
				v := float64(d.X.Data[i])
				signal += m * m
				noise += (v - m) * (v - m)
				bias += v - m
				all += v * v
				if c.nonneg {
					require.GreaterOrEqual(t, v, 0.0)
				}
				if c.noise == synth.Poisson {
					require.Equal(t, math.Round(v), v)
				}
			}
			assert.InDelta(t, c.snr, 10*math.Log10(signal/noise), c.tolerance)
			assert.InEpsilon(t, math.Sqrt(noise/all), d.RelError, 1e-3)
			assert.Less(t, math.Abs(bias), 4*math.Sqrt(noise)) // the model is the mean
		})
	}
}

// TestDrawsHaveTheirMoments compares mean, variance and third moment of Poisson
// and gamma draws with the distributions'.
func TestDrawsHaveTheirMoments(t *testing.T) {
	const n = 200000
	moments := func(x []float64) (mean, variance, skew float64) {
		for _, v := range x {
			mean += v / n
		}
		for _, v := range x {
			d := v - mean
			variance += d * d / n
			skew += d * d * d / n
		}
		return mean, variance, skew / math.Pow(variance, 1.5)
	}
	for _, mean := range []float64{0.01, 0.7, 5, 9.99, 10, 30, 1000, 1e6} {
		m, v, s := moments(synth.Draws(synth.Poisson, mean, n))
		tol := 5 * math.Sqrt(mean/n)
		assert.InDelta(t, mean, m, tol, mean)
		assert.InEpsilon(t, mean, v, 5*math.Sqrt((2+1/mean)/n), mean)
		assert.InDelta(t, 1/math.Sqrt(mean), s, 0.05+0.05/math.Sqrt(mean), mean)
	}
	for _, shape := range []float64{0.3, 1, 2.5, 100, 1e8} {
		m, v, s := moments(synth.Draws(synth.Gamma, shape, n))
		assert.InEpsilon(t, shape, m, 5/math.Sqrt(shape*n), shape)
		assert.InEpsilon(t, shape, v, 5*math.Sqrt((2+6/shape)/n), shape)
		assert.InDelta(t, 2/math.Sqrt(shape), s, 0.05+0.1/math.Sqrt(shape), shape)
	}
	assert.Equal(t, []float64{0, 0}, synth.Draws(synth.Poisson, 0, 2))
	for _, v := range synth.Draws(synth.Poisson, 1e20, 5) {
		assert.InEpsilon(t, 1e20, v, 1e-8)
	}
}

func TestSeedDeterminesAll(t *testing.T) {
	make := func(seed uint64, m, n int) *synth.Data[float64, *nmf.Model[float64]] {
		d, err := synth.NMF[float64](m, n, 3, synth.Options{Noise: synth.Gamma, SNR: 10, Seed: seed})
		require.NoError(t, err)
		return d
	}
	a, b, c, wide := make(1, 20, 10), make(1, 20, 10), make(2, 20, 10), make(1, 20, 11)
	assert.Equal(t, a.X.Data, b.X.Data)
	assert.NotEqual(t, a.X.Data, c.X.Data)
	assert.NotEqual(t, a.Truth.W.Data, c.Truth.W.Data)
	assert.Equal(t, a.Truth.W.Data, wide.Truth.W.Data) // streams of their own
	f, err := synth.NMF[float32](20, 10, 3, synth.Options{Seed: 1})
	require.NoError(t, err)
	for i, v := range f.Truth.W.Data {
		assert.Equal(t, float32(a.Truth.W.Data[i]), v)
	}
}

// TestTruthIsNoRandomStart fails when a fit that draws its start from the same
// seed starts at the answer, or proportional to it.
func TestTruthIsNoRandomStart(t *testing.T) {
	d, err := synth.NMF[float64](30, 20, 2, synth.Options{Seed: 7})
	require.NoError(t, err)
	r, err := nmf.Fit(context.Background(), d.X.Matrix(), 2, &nmf.Options{Seed: 7, Init: nmf.Random{}, Run: solver.Options{MaxIter: solver.Set(0)}})
	require.NoError(t, err)
	assert.Greater(t, r.RelError, 0.1)
	ratio := r.W.At(0, 0) / d.Truth.W.At(0, 0)
	assert.Greater(t, math.Abs(r.W.At(1, 0)/d.Truth.W.At(1, 0)-ratio), 1e-3)
}

func TestFitFindsTheModel(t *testing.T) {
	d, err := synth.NMF[float64](40, 30, 3, synth.Options{Density: 0.6, Seed: 2})
	require.NoError(t, err)
	r, err := nmf.Fit(context.Background(), d.X.Matrix(), 3, &nmf.Options{Run: solver.Options{Tol: solver.Set(1e-12), MaxIter: solver.Set(3000)}})
	require.NoError(t, err)
	assert.Less(t, r.RelError, 1e-3)
}

// TestSwimmerIsThePublishedMatrix compares with the SHA-256 of the pictures as
// bytes, 1024 x 256 row by row, of a copy made by another generator.
func TestSwimmerIsThePublishedMatrix(t *testing.T) {
	both(t, swimmerIsPublished[float32], swimmerIsPublished[float64])
}

func swimmerIsPublished[T asm.Float](t *testing.T) {
	d, err := synth.Swimmer[T](synth.Options{})
	require.NoError(t, err)
	require.Equal(t, []int{1024, 256}, d.X.Shape)
	pixels := make([]byte, d.X.Len())
	for i, v := range d.X.Data {
		pixels[i] = byte(v)
		require.Equal(t, T(pixels[i]), v)
	}
	sum := sha256.Sum256(pixels)
	assert.Equal(t, "321d32b890ce4ce262d209c972b113301383bf937a6b973d2b1a11fd06d73fdc", hex.EncodeToString(sum[:]))

	assert.Equal(t, 17, d.Truth.Rank())
	assert.Equal(t, d.X.Data, d.Truth.Reconstruct().Data)
	for i := range d.Truth.W.Rows {
		parts := T(0)
		for _, v := range d.Truth.W.Row(i) {
			parts += v
		}
		assert.LessOrEqual(t, parts, T(1), "pixel %d is in several parts", i)
	}
	_, s, _, ok := matrix.ThinSVD(nil, d.X.Matrix())
	require.True(t, ok)
	assert.Greater(t, s[12], 1e-4*s[0])
	assert.Less(t, s[13], 1e-5*s[0])
}

func TestNoisySwimmerKeepsItsTruth(t *testing.T) {
	d, err := synth.Swimmer[float64](synth.Options{Noise: synth.Poisson, SNR: 10})
	require.NoError(t, err)
	assert.Equal(t, 10.0, d.Truth.H.At(0, 0)) // ‖M‖²/ΣM = 1 for zeros and ones
	assert.InDelta(t, math.Sqrt(1/11.0), d.RelError, 0.01)
}

func TestModelsAreSavedAsFolders(t *testing.T) {
	dir := t.TempDir()
	c, err := synth.CPD[float32]([]int{3, 4, 5}, 2, synth.Options{})
	require.NoError(t, err)
	require.NoError(t, c.Truth.Save(filepath.Join(dir, "c")))
	k, err := synth.Tucker[float64]([]int{3, 4, 5}, []int{2, 3, 2}, synth.Options{})
	require.NoError(t, err)
	require.NoError(t, k.Truth.Save(filepath.Join(dir, "k")))
	for name, shape := range map[string][]int{
		"c/weights.npy": {2}, "c/factor_0.npy": {3, 2}, "c/factor_1.npy": {4, 2}, "c/factor_2.npy": {5, 2},
		"k/core.npy": {2, 3, 2}, "k/factor_0.npy": {3, 2}, "k/factor_1.npy": {4, 3}, "k/factor_2.npy": {5, 2},
	} {
		a, err := ndio.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		require.NoError(t, err)
		assert.Equal(t, shape, a.Shape(), name)
		assert.Equal(t, name[0] == 'c', a.F32 != nil, name)
	}
	for _, folder := range []string{"c", "k"} {
		files, err := os.ReadDir(filepath.Join(dir, folder))
		require.NoError(t, err)
		assert.Len(t, files, 4)
	}
	f, err := ndio.Load[float64](filepath.Join(dir, "k", "factor_1.npy"))
	require.NoError(t, err)
	assert.Equal(t, k.Truth.Factors[1].Data, f.Data)
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o666))
	assert.Error(t, c.Truth.Save(file))
}

func TestNonsenseIsRefused(t *testing.T) {
	nmfs := func(m, n, r int, o synth.Options) error { _, err := synth.NMF[float64](m, n, r, o); return err }
	cpds := func(shape []int, r int, o synth.Options) error {
		_, err := synth.CPD[float32](shape, r, o)
		return err
	}
	tuckers := func(shape, ranks []int) error {
		_, err := synth.Tucker[float64](shape, ranks, synth.Options{})
		return err
	}
	_, swimmer := synth.Swimmer[float64](synth.Options{Density: 0.5})
	_, noise := synth.ParseNoise("pink")
	for i, err := range []error{
		nmfs(0, 3, 1, synth.Options{}), nmfs(3, -1, 1, synth.Options{}), nmfs(3, 3, 0, synth.Options{}),
		nmfs(3, 3, 1, synth.Options{Density: -0.1}), nmfs(3, 3, 1, synth.Options{Density: 1.1}), nmfs(3, 3, 1, synth.Options{Density: math.NaN()}),
		nmfs(3, 3, 1, synth.Options{Noise: 9}), nmfs(3, 3, 1, synth.Options{Noise: -1}),
		nmfs(3, 3, 1, synth.Options{Noise: synth.Gaussian, SNR: math.NaN()}), nmfs(3, 3, 1, synth.Options{Noise: synth.Gamma, SNR: math.Inf(1)}),
		nmfs(math.MaxInt, 3, 1, synth.Options{}), nmfs(3, 3, math.MaxInt, synth.Options{}),
		cpds([]int{5}, 1, synth.Options{}), cpds(nil, 1, synth.Options{}), cpds(make([]int, 65), 1, synth.Options{}),
		cpds([]int{3, 3}, 1, synth.Options{Noise: synth.Poisson}), cpds([]int{3, 3}, 1, synth.Options{Noise: synth.Gamma}),
		cpds([]int{1 << 15, 1 << 15, 1 << 15}, 1, synth.Options{}),
		tuckers([]int{3, 3}, []int{2}), tuckers([]int{3, 3}, []int{4, 4}), tuckers([]int{3, 3}, []int{2, 1}), tuckers([]int{3, 3}, []int{0, 0}),
		swimmer, noise,
	} {
		assert.ErrorIs(t, err, synth.ErrOption, i)
	}
	assert.Equal(t, "Noise(7)", synth.Noise(7).String())
	for _, n := range []synth.Noise{synth.None, synth.Gaussian, synth.Poisson, synth.Gamma} {
		back, err := synth.ParseNoise(n.String())
		assert.NoError(t, err)
		assert.Equal(t, n, back)
	}
}

func ExampleNMF() {
	d, err := synth.NMF[float64](100, 80, 5, synth.Options{Density: 0.3, Noise: synth.Gaussian, SNR: 20, Seed: 1})
	if err != nil {
		panic(err)
	}
	fmt.Println(d.X.Shape, "of rank", d.Truth.Rank())
	// Output: [100 80] of rank 5
}
