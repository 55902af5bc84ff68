package matrix_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/internal/par"
	"polyad/internal/racing"
	"polyad/matrix"
)

// requireOrthonormal requires that q has orthonormal columns.
func requireOrthonormal[T matrix.Float](t *testing.T, q *matrix.Dense[T], tolerance float64) {
	t.Helper()
	w := matrix.Convert[float64](q)
	g := matrix.New[float64](q.Cols, q.Cols)
	matrix.Gemm(nil, true, false, 1, w, w, 0, g)
	for i := range g.Rows {
		for j := range g.Cols {
			want := 0.0
			if i == j {
				want = 1
			}
			require.InDelta(t, want, g.At(i, j), tolerance, "QᵀQ (%d, %d)", i, j)
		}
	}
}

// levels runs f on each level of kernels.
func levels(t *testing.T, f func(*testing.T)) {
	for _, l := range asm.Levels() {
		restore, err := asm.Use(l)
		require.NoError(t, err)
		t.Run(l.String(), f)
		restore()
	}
}

// hostile changes a random matrix into one that is hard to factorize.
var hostile = map[string]func(m *matrix.Dense[float64], size float64){
	"random": func(*matrix.Dense[float64], float64) {},
	"zero":   func(m *matrix.Dense[float64], _ float64) { m.Zero() },
	"huge":   func(m *matrix.Dense[float64], size float64) { scaleColumns(m, func(int) float64 { return size }) },
	"tiny":   func(m *matrix.Dense[float64], size float64) { scaleColumns(m, func(int) float64 { return 1 / size }) },
	"of all magnitudes": func(m *matrix.Dense[float64], size float64) {
		scaleColumns(m, func(j int) float64 { return []float64{1, size, 1 / size, 1e-10}[j%4] })
	},
	"with columns of zeros": func(m *matrix.Dense[float64], _ float64) {
		scaleColumns(m, func(j int) float64 { return float64(j % 2) })
	},
	"of rank one": func(m *matrix.Dense[float64], _ float64) {
		for i := range m.Rows {
			for j := range m.Cols {
				m.Set(i, j, m.At(i, 0)*float64(j+1))
			}
		}
	},
	"with equal columns": func(m *matrix.Dense[float64], _ float64) {
		for i := range m.Rows {
			for j := range m.Cols {
				m.Set(i, j, m.At(i, j/2))
			}
		}
	},
	"with zeros below": func(m *matrix.Dense[float64], _ float64) {
		for i := m.Cols / 2; i < m.Rows; i++ {
			clear(m.Row(i))
		}
	},
}

func scaleColumns(m *matrix.Dense[float64], by func(j int) float64) {
	for i := range m.Rows {
		for j := range m.Cols {
			m.Set(i, j, m.At(i, j)*by(j))
		}
	}
}

// magnitude is the size of huge entries, far from the squares' range.
func magnitude[T matrix.Float]() float64 {
	if asm.SizeOf[T]() == 4 {
		return 1e30
	}
	return 1e200
}

func TestQRFactorizesWhateverTheColumnsAre(t *testing.T) {
	levels(t, func(t *testing.T) { both(t, testQR[float32], testQR[float64]) })
}

func testQR[T matrix.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(21, 1))
	for _, size := range [][2]int{{0, 0}, {4, 0}, {1, 1}, {2, 1}, {5, 5}, {17, 4}, {300, 7}, {1100, 5}, {701, 150}} {
		m, n := size[0], size[1]
		for name, change := range hostile {
			if n == 150 && name != "random" && name != "with equal columns" {
				continue
			}
			a := matrix.New[float64](m, n)
			for i := range a.Data {
				a.Data[i] = r.NormFloat64()
			}
			change(a, magnitude[T]())
			narrow := matrix.Convert[T](a)
			a = matrix.Convert[float64](narrow)
			q, around := strided[T](r, m, n)
			q.Copy(narrow)
			before := around.Clone()
			rr, ok := matrix.QR(nil, q)
			require.True(t, ok, "%v %s", size, name)
			tolerance := 20 * epsilon[T]() * math.Sqrt(float64(max(n, 1)))
			requireOrthonormal(t, q, tolerance)
			requireRim(t, before, around)

			product := matrix.New[float64](m, n)
			matrix.Gemm(nil, false, false, 1, matrix.Convert[float64](q), rr, 0, product)
			for j := range n {
				var diff, norm float64
				for i := range m {
					s := 1 / max(magnitude[T](), 1) // keeps squares of huge columns in range
					if math.Abs(rr.At(0, j)) < 1 {
						s = 1 / s
					}
					diff = math.Hypot(diff, (product.At(i, j)-a.At(i, j))*s)
					norm = math.Hypot(norm, a.At(i, j)*s)
				}
				require.LessOrEqual(t, diff, tolerance*norm, "%v %s: column %d", size, name, j)
				require.GreaterOrEqual(t, rr.At(j, j), 0.0)
				for i := j + 1; i < n; i++ {
					require.Zero(t, rr.At(i, j), "R is not triangular")
				}
			}
		}
	}
}

// requireRim requires that what strided put around a matrix is as it was.
func requireRim[T matrix.Float](t *testing.T, before, around *matrix.Dense[T]) {
	t.Helper()
	for i := range around.Rows {
		for j := range around.Cols {
			if i < 1 || i > around.Rows-2 || j < 1 || j > around.Cols-3 {
				require.Equal(t, before.At(i, j), around.At(i, j), "(%d, %d) outside the view was written", i, j)
			}
		}
	}
}

func TestQRGivesTheSameBitsForAnyWorkers(t *testing.T) {
	both(t, testQRWorkers[float32], testQRWorkers[float64])
}

func testQRWorkers[T matrix.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(21, 2))
	for _, size := range [][2]int{{100, 5}, {700, 6}, {5003, 40}} {
		a, _ := strided[T](r, size[0], size[1])
		want := a.Clone()
		wantR, _ := matrix.QR(nil, want)
		requireOrthonormal(t, want, 20*epsilon[T]()*math.Sqrt(float64(size[1])))
		product := matrix.Convert[float64](a)
		matrix.Gemm(nil, false, false, -1, matrix.Convert[float64](want), wantR, 1, product)
		require.Less(t, matrix.Inner(product, product), math.Pow(20*epsilon[T](), 2)*matrix.Inner(a, a))
		for workers := 1; workers <= 3; workers++ {
			pool := par.New(workers)
			got := a.Clone()
			gotR, ok := matrix.QR(pool, got)
			pool.Close()
			require.True(t, ok)
			require.Equal(t, want, got, "%v, %d workers", size, workers)
			require.Equal(t, wantR, gotR)
		}
	}
}

func TestQRTellsWhatIsNotFinite(t *testing.T) {
	both(t, testQRNotFinite[float32], testQRNotFinite[float64])
}

func testQRNotFinite[T matrix.Float](t *testing.T) {
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		for _, at := range []int{0, 600} {
			a := counting[T](700, 3)
			a.Set(at, 1, T(v))
			_, ok := matrix.QR(nil, a)
			assert.False(t, ok)
		}
	}
	misuse(t, "QR", func() { matrix.QR(nil, matrix.New[T](2, 3)) }, "2 x 3")
}

func TestQRInKeptMemoryIsTheSame(t *testing.T) {
	racing.CountsAllocations(t)
	p := par.New(2)
	defer p.Close()
	var w matrix.QRWork[float64]
	for _, shape := range [][2]int{{700, 9}, {20, 20}, {1300, 9}, {700, 9}, {5, 0}} {
		r := rand.New(rand.NewPCG(1, uint64(shape[0])))
		a := matrix.New[float64](shape[0], shape[1])
		for i := range a.Data {
			a.Data[i] = r.NormFloat64()
		}
		q, kept := a.Clone(), a.Clone()
		want, ok := matrix.QR(p, q)
		require.True(t, ok)
		got, ok := w.QR(p, kept)
		require.True(t, ok)
		require.Equal(t, want, got)
		require.Equal(t, q, kept)
		if shape[1] > 0 {
			require.Zero(t, testing.AllocsPerRun(3, func() {
				kept.Copy(a)
				w.QR(p, kept)
			}))
		}
	}
}

func ExampleQR() {
	a := matrix.Of(3, 2, []float64{3, 1, 0, 2, 4, 3})
	r, ok := matrix.QR(nil, a)
	fmt.Println(ok)
	fmt.Printf("%.2f\n%.2f\n", a.Data, r.Data)
	// Output:
	// true
	// [0.60 -0.36 0.00 0.89 0.80 0.27]
	// [5.00 3.00 0.00 2.24]
}

func TestQRReportsNormsThatOverflow(t *testing.T) {
	t.Run("float32", func(t *testing.T) { overflowing[float32](t, math.MaxFloat32) })
	t.Run("float64", func(t *testing.T) { overflowing[float64](t, math.MaxFloat64) })
}

func overflowing[T matrix.Float](t *testing.T, most float64) {
	for _, rows := range []int{3, 5, 700} {
		a := matrix.New[T](rows, 3)
		for i := range a.Data {
			a.Data[i] = T(most * (float64(1+i%7) / 7))
		}
		_, ok := matrix.QR(nil, a)
		require.False(t, ok, "%d rows", rows)
		for i := range a.Data {
			a.Data[i] = T(most / 64 / float64(rows) * float64(1+i*i%7) / 7)
		}
		r, ok := matrix.QR(nil, a)
		require.True(t, ok)
		for _, v := range r.Data {
			require.Zero(t, v-v)
		}
	}
}
