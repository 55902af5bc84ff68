package tensor_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/internal/par"
	"polyad/internal/racing"
	"polyad/matrix"
	"polyad/tensor"
)

// levels runs a generic test body for both element types on all levels of this
// machine.
func levels(t *testing.T, f32, f64 func(*testing.T)) {
	for _, l := range asm.Levels() {
		t.Run(l.String(), func(t *testing.T) {
			restore, err := asm.Use(l)
			require.NoError(t, err)
			defer restore()
			both(t, f32, f64)
		})
	}
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 17)) }

// random returns an array of the given shape of normal numbers.
func random[T tensor.Float](r *rand.Rand, shape ...int) *tensor.Dense[T] {
	t := tensor.New[T](shape...)
	for i := range t.Data {
		t.Data[i] = T(r.NormFloat64())
	}
	return t
}

// gaps returns a matrix of normal numbers with more memory around its rows, of
// numbers that are not to be read.
func gaps[T tensor.Float](r *rand.Rand, rows, cols int) *matrix.Dense[T] {
	m := matrix.New[T](rows+1, cols+3)
	for i := range m.Data {
		m.Data[i] = T(math.NaN())
	}
	v := m.View(1, 2, rows, cols)
	for i := range rows {
		for j := range cols {
			v.Set(i, j, T(r.NormFloat64()))
		}
	}
	return v
}

func factors[T tensor.Float](r *rand.Rand, shape []int, rank int) []*matrix.Dense[T] {
	f := make([]*matrix.Dense[T], len(shape))
	for n, s := range shape {
		f[n] = gaps[T](r, s, rank)
	}
	return f
}

// shapes are arrays of orders 1 to 6 with sizes that are small, odd, one and
// none, and some for each of the ways in which products are cut.
var shapes = [][]int{
	{1}, {7}, {0}, {3, 4}, {1, 5}, {5, 1}, {0, 3}, {3, 0}, {300, 7}, {7, 300}, {900, 40}, {33, 700}, {700, 33},
	{2, 3, 4}, {1, 1, 1}, {4, 1, 3}, {3, 4, 1}, {1, 4, 3}, {3, 0, 2}, {17, 5, 9}, {9, 40, 3}, {50, 3, 3}, {3, 3, 300}, {3, 300, 2},
	{300, 2, 3}, {40, 17, 33}, {2, 900, 5}, {5, 70, 300}, {800, 3, 7}, {9, 7, 600}, {20, 1, 90}, {20, 8, 128}, {3, 13, 1024},
	{3, 2, 4, 5}, {1, 3, 1, 2}, {7, 9, 11, 8}, {2, 40, 3, 30}, {11, 3, 70, 5}, {6, 70, 3, 9}, {3, 300, 2, 3}, {20, 30, 9, 9},
	{2, 3, 2, 3, 4}, {5, 1, 4, 3, 6}, {6, 5, 7, 4, 9}, {2, 2, 3, 2, 3, 2}, {3, 5, 4, 2, 3, 6},
}

// ranks are those to try with the shape of index k: fewer for larger ones.
func ranks(k int, shape []int) []int {
	if n, _ := tensor.Elements(shape); n > 5000 {
		return []int{[]int{1, 5, 16, 33}[k%4]}
	}
	return []int{1, 3 + k%7, 16 + k%20}
}

// eps is the rounding error of T.
func eps[T tensor.Float]() float64 {
	if asm.SizeOf[T]() == 4 {
		return 0x1p-24
	}
	return 0x1p-53
}

// naiveMTTKRP returns the definition in float64, and the sums of absolute values.
func naiveMTTKRP[T tensor.Float](t *tensor.Dense[T], f []*matrix.Dense[T], mode, rank int) (m, size *matrix.Dense[float64]) {
	m, size = matrix.New[float64](t.Shape[mode], rank), matrix.New[float64](t.Shape[mode], rank)
	each(t.Shape, func(index []int) {
		x := float64(t.At(index...))
		to, abs := m.Row(index[mode]), size.Row(index[mode])
		for q := range rank {
			v := x
			for n, i := range index {
				if n != mode {
					v *= float64(f[n].Data[i*f[n].Stride+q])
				}
			}
			to[q] += v
			abs[q] += math.Abs(v)
		}
	})
	return m, size
}

// near asserts that got is want but for rounding in n operations on numbers
// that sum up to size.
func near[T tensor.Float](t *testing.T, want, size *matrix.Dense[float64], got *matrix.Dense[T], n int, msg ...any) {
	t.Helper()
	require.Equal(t, [2]int{want.Rows, want.Cols}, [2]int{got.Rows, got.Cols}, msg...)
	for i := range want.Rows {
		for j, w := range want.Row(i) {
			if d := math.Abs(w - float64(got.At(i, j))); !(d <= float64(n)*eps[T]()*size.At(i, j)) {
				require.FailNow(t, fmt.Sprintf("element (%d, %d) is %v, want %v: %v", i, j, got.At(i, j), w, msg))
			}
		}
	}
}

// filled returns a matrix with gaps whose elements are NaN.
func filled[T tensor.Float](rows, cols int) *matrix.Dense[T] {
	m := matrix.New[T](rows+1, cols+3)
	for i := range m.Data {
		m.Data[i] = T(math.NaN())
	}
	return m.View(1, 2, rows, cols)
}

func TestMTTKRPMatchesItsDefinition(t *testing.T) {
	levels(t, testMTTKRP[float32], testMTTKRP[float64])
}

func testMTTKRP[T tensor.Float](t *testing.T) {
	r := newRand(1)
	for k, shape := range shapes {
		for _, rank := range ranks(k, shape) {
			x, f := random[T](r, shape...), factors[T](r, shape, rank)
			for mode := range shape {
				want, size := naiveMTTKRP(x, f, mode, rank)
				got := filled[T](shape[mode], rank)
				own := f[mode]
				f[mode] = nil // is not looked at
				tensor.MTTKRP(nil, got, x, f, mode)
				near(t, want, size, got, 40+x.Len()/8, shape, rank, mode)
				f[mode] = own
			}
		}
	}
}

func TestMTTKRPOfManyComponents(t *testing.T) {
	r := newRand(2)
	for _, shape := range [][]int{{5, 4, 6}, {3, 300}, {2, 3, 2, 3}} {
		x, f := random[float64](r, shape...), factors[float64](r, shape, 300)
		for mode := range shape {
			want, size := naiveMTTKRP(x, f, mode, 300)
			got := filled[float64](shape[mode], 300)
			tensor.MTTKRP(nil, got, x, f, mode)
			near(t, want, size, got, 100, shape, mode)
		}
	}
}

func TestMTTKRPMatchesUnfolding(t *testing.T) {
	r := newRand(3)
	x := random[float64](r, 5, 9, 7, 6).Permute(2, 0, 3, 1).Slice(1, 1, 4) // not contiguous
	f := factors[float64](r, x.Shape, 4)
	for mode := range x.Shape {
		want, got := matrix.New[float64](x.Shape[mode], 4), matrix.New[float64](x.Shape[mode], 4)
		matrix.Gemm(nil, false, false, 1, x.Unfold(mode), tensor.KhatriRao(f, mode), 0, want)
		tensor.MTTKRP(nil, got, x, f, mode)
		require.InDeltaSlice(t, want.Data, got.Data, 1e-12)
	}
}

func TestModeProductMatchesUnfolding(t *testing.T) {
	levels(t, testModeProduct[float32], testModeProduct[float64])
}

// naiveModeProduct returns the definition in float64, and the sums of absolute
// values, as unfoldings.
func naiveModeProduct[T tensor.Float](t *tensor.Dense[T], u *matrix.Dense[T], mode int) (y, size *matrix.Dense[float64]) {
	x := t.Unfold(mode)
	y, size = matrix.New[float64](u.Rows, x.Cols), matrix.New[float64](u.Rows, x.Cols)
	for j := range u.Rows {
		for i := range u.Cols {
			v := float64(u.At(j, i))
			for c, e := range x.Row(i) {
				y.Row(j)[c] += v * float64(e)
				size.Row(j)[c] += math.Abs(v * float64(e))
			}
		}
	}
	return y, size
}

func testModeProduct[T tensor.Float](t *testing.T) {
	r := newRand(4)
	for k, shape := range shapes {
		x := random[T](r, shape...)
		for mode, size := range shape {
			for _, j := range []int{0, 1, 2 + k%19, 200}[:4-min(x.Len()/2000, 1)] {
				u := gaps[T](r, j, size)
				want, abs := naiveModeProduct(x, u, mode)
				got := tensor.ModeProduct(nil, x, u, mode, false)
				near(t, want, abs, got.Unfold(mode), size+4, shape, mode, j)
				turned := gaps[T](r, size, j)
				u.TransposeTo(turned)
				dst := tensor.New[T](got.Shape...)
				for i := range dst.Data {
					dst.Data[i] = T(math.NaN())
				}
				tensor.ModeProductTo(nil, dst, x, turned, mode, true)
				near(t, want, abs, dst.Unfold(mode), size+4, shape, mode, j, "transposed")
			}
		}
	}
	x := random[T](r, 5, 6, 7).Permute(2, 0, 1)
	u := gaps[T](r, 4, 5)
	want, abs := naiveModeProduct(x, u, 1)
	near(t, want, abs, tensor.ModeProduct(nil, x, u, 1, false).Unfold(1), 10, "a view")
}

func TestMultiModeProductIsOneAfterTheOther(t *testing.T) {
	both(t, testMultiModeProduct[float32], testMultiModeProduct[float64])
}

func testMultiModeProduct[T tensor.Float](t *testing.T) {
	r := newRand(5)
	var w tensor.Work[T]
	for k, shape := range shapes {
		x := random[T](r, shape...)
		u, turned := make([]*matrix.Dense[T], len(shape)), make([]*matrix.Dense[T], len(shape))
		want := matrix.Convert[float64](x.Reshape(1, x.Len()).Matrix())
		y := tensor.Of(want.Data, shape...)
		abs := 1.0
		for n, s := range shape {
			if (k+n)%5 == 4 {
				continue
			}
			u[n] = gaps[T](r, (s+k)%9, s)
			turned[n] = u[n].Transpose()
			y = tensor.ModeProduct(nil, y, matrix.Convert[float64](u[n]), n, false)
			abs *= float64(s)
		}
		for _, transpose := range []bool{false, true} {
			f := u
			if transpose {
				f = turned
			}
			got := tensor.MultiModeProduct(nil, x, f, transpose)
			require.Equal(t, y.Shape, got.Shape)
			for i, v := range y.Data {
				require.InDelta(t, v, float64(got.Data[i]), 100*eps[T]()*abs*math.Pow(3, float64(len(shape))), "%v, transposed %v", shape, transpose)
			}
			again := tensor.New[T](got.Shape...)
			w.MultiModeProductTo(nil, again, x, f, transpose)
			require.Equal(t, got.Data, again.Data)
		}
	}
}

func TestProductsOfNothing(t *testing.T) {
	x := counting[float64](2, 3)
	require.Equal(t, x.Data, tensor.MultiModeProduct(nil, x.Permute(1, 0), []*matrix.Dense[float64]{nil, nil}, false).Permute(1, 0).Clone().Data)
	// No components, and sums over nothing.
	tensor.MTTKRP(nil, matrix.New[float64](2, 0), x, []*matrix.Dense[float64]{nil, matrix.New[float64](3, 0)}, 0)
	got := tensor.ModeProduct(nil, tensor.New[float64](2, 0, 3), matrix.New[float64](4, 0), 1, false)
	require.Equal(t, make([]float64, 24), got.Data)
	dst := filled[float64](2, 3)
	tensor.MTTKRP(nil, dst, tensor.New[float64](2, 0), []*matrix.Dense[float64]{nil, matrix.New[float64](0, 3)}, 0)
	require.Equal(t, make([]float64, 6), dst.Clone().Data)
}

// parallel are shapes whose products have several blocks.
var parallel = [][]int{{900, 40}, {40, 900}, {40, 50, 60}, {800, 9, 17}, {17, 9, 800}, {6, 1000, 5}, {12, 9, 11, 10}, {30, 30, 8, 9}}

func TestProductsDoNotDependOnWorkers(t *testing.T) {
	both(t, testProductsWorkers[float32], testProductsWorkers[float64])
}

func testProductsWorkers[T tensor.Float](t *testing.T) {
	r := newRand(6)
	for _, shape := range parallel {
		x, f := random[T](r, shape...), factors[T](r, shape, 24)
		core := make([]*matrix.Dense[T], len(shape))
		for n, s := range shape {
			core[n] = gaps[T](r, s, 5)
		}
		for mode, size := range shape {
			var first []T
			for _, workers := range []int{1, 2, 3} {
				p := par.New(workers)
				m := matrix.New[T](size, 24)
				tensor.MTTKRP(p, m, x, f, mode)
				all := append(m.Data, tensor.ModeProduct(p, x, f[mode], mode, true).Data...)
				all = append(all, tensor.MultiModeProduct(p, x, core, true).Data...)
				if first == nil {
					first = all
				}
				require.Equal(t, first, all, "%v, mode %d, %d workers", shape, mode, workers)
				p.Close()
			}
		}
	}
}

func TestProductsAllocateNothing(t *testing.T) {
	racing.CountsAllocations(t)
	p := par.New(2)
	defer p.Close()
	r := newRand(7)
	for _, shape := range parallel {
		var w tensor.Work[float32]
		x, f := random[float32](r, shape...), factors[float32](r, shape, 24)
		small, core := make([]*matrix.Dense[float32], len(shape)), make([]int, len(shape))
		for n, s := range shape {
			small[n], core[n] = gaps[float32](r, 4, s), 4
		}
		multi := tensor.New[float32](core...)
		for mode, size := range shape {
			m, y := matrix.New[float32](size, 24), tensor.ModeProduct(nil, x, small[mode], mode, false)
			require.Zero(t, testing.AllocsPerRun(3, func() {
				w.MTTKRP(p, m, x, f, mode)
				w.ModeProductTo(p, y, x, small[mode], mode, false)
				w.MultiModeProductTo(p, multi, x, small, false)
			}), "%v, mode %d", shape, mode)
		}
	}
}

func TestNaNReachesWhatItBelongsTo(t *testing.T) {
	levels(t, testNaN[float32], testNaN[float64])
}

func testNaN[T tensor.Float](t *testing.T) {
	r := newRand(8)
	for _, shape := range [][]int{{5, 6}, {13, 9, 11}, {50, 3, 3}, {9, 40, 3}, {5, 4, 7, 6}, {20, 30, 9, 9}} {
		x, f := random[T](r, shape...), factors[T](r, shape, 5)
		for n := range f { // a NaN times zero is a NaN
			for i := range f[n].Rows {
				f[n].Set(i, 2, 0)
			}
		}
		index := make([]int, len(shape))
		for n, s := range shape {
			index[n] = r.IntN(s)
		}
		x.Set(T(math.NaN()), index...)
		for mode, size := range shape {
			m := matrix.New[T](size, 5)
			tensor.MTTKRP(nil, m, x, f, mode)
			for i := range size {
				for q, v := range m.Row(i) {
					require.Equal(t, i == index[mode], v != v, "MTTKRP of %v, mode %d, (%d, %d)", shape, mode, i, q)
				}
			}
			y := tensor.ModeProduct(nil, x, f[mode], mode, true)
			each(y.Shape, func(at []int) {
				hit := true
				for n := range at {
					hit = hit && (n == mode || at[n] == index[n])
				}
				v := y.At(at...)
				require.Equal(t, hit, v != v, "product of %v, mode %d, %v", shape, mode, at)
			})
		}
	}
}

func TestProductsRefuseShapesThatDoNotFit(t *testing.T) {
	x := counting[float64](2, 3, 4)
	f := factors[float64](newRand(9), x.Shape, 5)
	misuse(t, "MTTKRP", func() { tensor.MTTKRP(nil, matrix.New[float64](2, 5), x, f, 3) }, "mode 3", "[2 3 4]")
	misuse(t, "MTTKRP", func() { tensor.MTTKRP(nil, matrix.New[float64](2, 5), x, f[:2], 0) }, "2 factors")
	misuse(t, "MTTKRP", func() { tensor.MTTKRP(nil, matrix.New[float64](3, 5), x, f, 0) }, "3 x 5")
	misuse(t, "MTTKRP", func() { tensor.MTTKRP(nil, matrix.New[float64](2, 6), x, f, 0) }, "3 x 5", "6 components")
	misuse(t, "MTTKRP", func() { tensor.MTTKRP(nil, matrix.New[float64](2, 5), x, []*matrix.Dense[float64]{f[0], nil, f[2]}, 0) }, "factor 1")
	misuse(t, "MTTKRP", func() {
		tensor.MTTKRP(nil, matrix.New[float64](2, 5), x, []*matrix.Dense[float64]{f[0], f[2], f[1]}, 0)
	}, "factor 1 is 4 x 5")
	misuse(t, "ModeProduct", func() { tensor.ModeProduct(nil, x, f[0], 3, true) }, "mode 3")
	misuse(t, "ModeProduct", func() { tensor.ModeProduct(nil, x, f[0], 0, false) }, "2 x 5")
	misuse(t, "ModeProduct", func() { tensor.ModeProductTo(nil, tensor.New[float64](2, 3, 5), x, f[0], 0, true) }, "[2 3 5]")
	misuse(t, "ModeProduct", func() { tensor.ModeProductTo(nil, tensor.New[float64](3, 5, 4).Permute(1, 0, 2), x, f[0], 0, true) }, "strides")
	misuse(t, "MultiModeProduct", func() { tensor.MultiModeProduct(nil, x, f[:2], true) }, "2 matrices")
	misuse(t, "MultiModeProduct", func() { tensor.MultiModeProduct(nil, x, f, false) }, "mode 0", "[2 3 4]")
	misuse(t, "MultiModeProduct", func() {
		tensor.MultiModeProductTo(nil, tensor.New[float64](2, 5, 4), x, []*matrix.Dense[float64]{f[0], nil, nil}, true)
	}, "mode 0")
}

func ExampleMTTKRP() {
	// Every element of the array is 1: each row is the product of the column sums.
	t := tensor.Of([]float64{1, 1, 1, 1, 1, 1, 1, 1}, 2, 2, 2)
	f := []*matrix.Dense[float64]{
		nil, // the factor of the mode itself is not needed
		matrix.Of(2, 2, []float64{1, 2, 3, 4}),
		matrix.Of(2, 2, []float64{1, 0, 0, 1}),
	}
	m := matrix.New[float64](2, 2)
	tensor.MTTKRP(nil, m, t, f, 0)
	fmt.Println(m.Data)
	// Output: [4 6 4 6]
}

func ExampleModeProduct() {
	t := tensor.Of([]float64{1, 2, 3, 4, 5, 6}, 3, 2)
	sum := matrix.Of(1, 3, []float64{1, 1, 1})
	y := tensor.ModeProduct(nil, t, sum, 0, false)
	fmt.Println(y.Shape, y.Data)
	// Output: [1 2] [9 12]
}

func ExampleMultiModeProduct() {
	t := tensor.Of([]float64{1, 2, 3, 4, 5, 6}, 3, 2)
	sum := matrix.Of(1, 3, []float64{1, 1, 1})
	swap := matrix.Of(2, 2, []float64{0, 1, 1, 0})
	y := tensor.MultiModeProduct(nil, t, []*matrix.Dense[float64]{sum, swap}, false)
	fmt.Println(y.Shape, y.Data)
	// Output: [1 2] [12 9]
}
