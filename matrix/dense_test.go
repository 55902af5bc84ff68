package matrix_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/matrix"
)

// both runs a generic test body for both element types.
func both(t *testing.T, f32, f64 func(*testing.T)) {
	t.Run("float32", f32)
	t.Run("float64", f64)
}

func epsilon[T matrix.Float]() float64 {
	if asm.SizeOf[T]() == 4 {
		return 0x1p-23
	}
	return 0x1p-52
}

// misuse asserts that f panics with an Error of the operation op whose text
// carries all of the words.
func misuse(t *testing.T, op string, f func(), words ...string) {
	t.Helper()
	defer func() {
		t.Helper()
		e, ok := recover().(matrix.Error)
		require.True(t, ok, "%s: no matrix.Error", op)
		assert.Equal(t, op, e.Op)
		assert.Contains(t, e.Error(), "matrix: "+op+": ")
		for _, w := range words {
			assert.Contains(t, e.Error(), w)
		}
	}()
	f()
}

// strided returns a random matrix within a larger one, and the larger one.
func strided[T matrix.Float](r *rand.Rand, rows, cols int) (m, around *matrix.Dense[T]) {
	around = matrix.New[T](rows+2, cols+3)
	for i := range around.Data {
		around.Data[i] = T(r.NormFloat64())
	}
	return around.View(1, 1, rows, cols), around
}

// counting returns a matrix whose element (i, j) is 100i+j.
func counting[T matrix.Float](rows, cols int) *matrix.Dense[T] {
	m := matrix.New[T](rows, cols)
	for i := range rows {
		for j := range cols {
			m.Set(i, j, T(100*i+j))
		}
	}
	return m
}

func TestNewAndOf(t *testing.T) { both(t, testNew[float32], testNew[float64]) }

func testNew[T matrix.Float](t *testing.T) {
	m := matrix.New[T](2, 3)
	assert.Equal(t, []T{0, 0, 0, 0, 0, 0}, m.Data)
	assert.Equal(t, 3, m.Stride)
	rows, cols := m.Dims()
	assert.Equal(t, [2]int{2, 3}, [2]int{rows, cols})

	data := []T{1, 2, 3, 4, 5, 6}
	m = matrix.Of(2, 3, data)
	assert.Equal(t, T(6), m.At(1, 2))
	m.Set(1, 0, 40)
	assert.Equal(t, []T{1, 2, 3, 40, 5, 6}, data, "Of shares its data")
	assert.Equal(t, []T{40, 5, 6}, m.Row(1))
	assert.Equal(t, 3, cap(m.Row(0)), "appending to a row must not write the next one")

	huge := math.MaxInt/2 + 1
	misuse(t, "New", func() { matrix.New[T](-1, 2) }, "-1 x 2")
	misuse(t, "New", func() { matrix.New[T](2, -1) }, "2 x -1")
	misuse(t, "New", func() { matrix.New[T](huge, 4) }, "x 4")
	misuse(t, "Of", func() { matrix.Of(2, 3, data[:5]) }, "5 elements", "2 x 3")
	misuse(t, "Of", func() { matrix.Of(-2, -3, data) }, "-2 x -3")
	misuse(t, "Of", func() { matrix.Of(huge, 4, data[:0]) }, "0 elements")
	misuse(t, "At", func() { m.At(2, 0) }, "(2, 0)", "2 x 3")
	misuse(t, "At", func() { m.At(0, 3) }, "(0, 3)")
	misuse(t, "Set", func() { m.Set(-1, 0, 1) }, "(-1, 0)")
	misuse(t, "Set", func() { m.Set(0, -1, 1) }, "(0, -1)")
}

func TestViewSharesMemory(t *testing.T) { both(t, testView[float32], testView[float64]) }

func testView[T matrix.Float](t *testing.T) {
	m := counting[T](4, 5)
	v := m.View(1, 2, 2, 3)
	assert.Equal(t, []T{102, 103, 104}, v.Row(0))
	assert.Equal(t, []T{202, 203, 204}, v.Row(1))
	assert.Equal(t, 5, v.Stride)
	w := v.View(1, 1, 1, 2)
	assert.Equal(t, []T{203, 204}, w.Row(0))
	w.Set(0, 0, -1)
	assert.Equal(t, T(-1), m.At(2, 3))
	assert.Equal(t, [2]int{8, 8}, [2]int{len(v.Data), cap(v.Data)}, "a view must not reach beyond its block")

	whole := m.View(0, 0, 4, 5)
	assert.Equal(t, m.Data, whole.Data)
	for _, b := range [][4]int{{-1, 0, 1, 1}, {0, -1, 1, 1}, {0, 0, -1, 1}, {0, 0, 1, -1}, {3, 0, 2, 1}, {0, 4, 1, 2}, {1, 0, math.MaxInt, 1}, {0, 1, 1, math.MaxInt}} {
		misuse(t, "View", func() { m.View(b[0], b[1], b[2], b[3]) }, fmt.Sprintf("%d x %d at (%d, %d)", b[2], b[3], b[0], b[1]), "4 x 5")
	}
}

func TestEmptyMatricesWork(t *testing.T) { both(t, testEmpty[float32], testEmpty[float64]) }

func testEmpty[T matrix.Float](t *testing.T) {
	m := counting[T](4, 5)
	for name, e := range map[string]*matrix.Dense[T]{
		"zero value": {}, "New": matrix.New[T](3, 0), "no rows": matrix.New[T](0, 3), "Of": matrix.Of[T](0, 2, nil),
		"view without columns": m.View(1, 5, 3, 0), "view without rows": m.View(4, 0, 0, 5), "strided": {Rows: 3, Stride: 7},
	} {
		t.Run(name, func(t *testing.T) {
			c := e.Clone()
			assert.Equal(t, [2]int{e.Rows, e.Cols}, [2]int{c.Rows, c.Cols})
			e.Copy(c)
			e.Zero()
			tr := e.Transpose()
			assert.Equal(t, [2]int{e.Cols, e.Rows}, [2]int{tr.Rows, tr.Cols})
			for i := range e.Rows {
				assert.Empty(t, e.Row(i))
			}
			assert.Zero(t, matrix.Sum(e))
			assert.Zero(t, matrix.Inner(e, c))
			assert.Zero(t, matrix.Convert[float64](e).Rows-e.Rows)
			misuse(t, "At", func() { e.At(0, 0) })
		})
	}
	assert.Equal(t, counting[T](4, 5), m)
}

func TestFieldsThatDoNotFitArePanics(t *testing.T) {
	both(t, testMisfits[float32], testMisfits[float64])
}

func testMisfits[T matrix.Float](t *testing.T) {
	for _, m := range []matrix.Dense[T]{{}, {Rows: 3}, {Cols: 3}, {Rows: 1, Cols: 2, Stride: 9, Data: make([]T, 2)}, {Rows: 2, Cols: 2, Stride: 3, Data: make([]T, 5)}} {
		assert.True(t, m.Valid(), m)
	}
	good, wide := matrix.New[T](3, 3), matrix.New[float64](3, 3)
	data := make([]T, 9)
	for _, bad := range []*matrix.Dense[T]{
		{Rows: 3, Cols: 3, Data: data}, // the Stride was forgotten
		{Rows: 3, Cols: 3, Stride: 2, Data: data},
		{Rows: 3, Cols: 3, Stride: -3, Data: data},
		{Rows: 3, Cols: 3, Stride: 3, Data: data[:8]},
		{Rows: 3, Cols: 3, Stride: 3},
		{Rows: 3, Cols: 3, Stride: 1 << (strconv.IntSize - 2), Data: data}, // times 2 it overflows
	} {
		assert.False(t, bad.Valid(), bad)
		for op, f := range map[string]func(){
			"Gemm":          func() { matrix.Gemm(nil, true, false, 1, bad, good, 0, good.Clone()) },
			"Gram":          func() { matrix.Gram(nil, wide, bad, true) },
			"GramStack":     func() { matrix.GramStack(nil, wide, bad) },
			"Cholesky":      func() { matrix.Cholesky(nil, bad) },
			"CholeskySolve": func() { matrix.CholeskySolve(nil, bad, true, good) },
			"TriSolve":      func() { matrix.TriSolve(nil, good, false, false, bad) },
			"QR":            func() { matrix.QR(nil, bad) },
			"ThinSVD":       func() { matrix.ThinSVD(nil, bad) },
			"EigenSym":      func() { matrix.EigenSym(bad) },
			"Inner":         func() { matrix.Inner(good, bad) },
			"Sum":           func() { matrix.Sum(bad) },
			"Copy":          func() { bad.Clone() },
			"Convert":       func() { matrix.Convert[float64](bad) },
			"TransposeTo":   func() { bad.Transpose() },
		} {
			misuse(t, op, f, fmt.Sprintf("3 x 3 with Stride %d and %d elements", bad.Stride, len(bad.Data)))
		}
		misuse(t, "Gemm", func() { matrix.Gemm(nil, false, false, 1, good, bad, 0, good.Clone()) }, "Stride")
		misuse(t, "Gemm", func() { matrix.Gemm(nil, false, false, 1, good, good, 0, bad) }, "Stride")
	}
	negative := &matrix.Dense[T]{Rows: -1, Cols: 3, Stride: 3}
	misuse(t, "Sum", func() { matrix.Sum(negative) }, "-1 x 3")
	square := &matrix.Dense[float64]{Rows: 3, Cols: 3, Data: make([]float64, 9)}
	misuse(t, "Gram", func() { matrix.Gram(nil, square, good, false) }, "Stride 0")
	misuse(t, "GramSVD", func() { matrix.GramSVD(square, 1) }, "Stride 0")
	misuse(t, "SPD.Factor", func() { matrix.NewSPD[T](3).Factor(square) }, "Stride 0")
}

func TestCopiesOfStridedViews(t *testing.T) { both(t, testCopies[float32], testCopies[float64]) }

func testCopies[T matrix.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	m, around := strided[T](r, 3, 4)
	before := around.Clone()
	c := m.Clone()
	assert.Equal(t, 4, c.Stride)
	for i := range 3 {
		assert.Equal(t, m.Row(i), c.Row(i))
	}
	c.Set(0, 0, 99)
	assert.Equal(t, before, around, "a clone must not share memory")

	src := counting[T](3, 4)
	m.Copy(src)
	assert.Equal(t, src, m.Clone())
	m.Zero()
	assert.Zero(t, matrix.Sum(m))
	for i := range around.Rows {
		for j := range around.Cols {
			if i < 1 || i > 3 || j < 1 || j > 4 {
				require.Equal(t, before.At(i, j), around.At(i, j), "(%d, %d) outside the view was written", i, j)
			}
		}
	}
	misuse(t, "Copy", func() { m.Copy(matrix.New[T](4, 3)) }, "3 x 4", "4 x 3")
}

func TestTransposeOfStridedViews(t *testing.T) {
	both(t, testTranspose[float32], testTranspose[float64])
}

func testTranspose[T matrix.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, rows := range []int{1, 3, 15, 16, 17, 33, 260} {
		for _, cols := range []int{1, 2, 16, 31, 70} {
			m, _ := strided[T](r, rows, cols)
			dst, around := strided[T](r, cols, rows)
			before := around.Clone()
			m.TransposeTo(dst)
			tr := m.Transpose()
			for i := range around.Rows {
				for j := range around.Cols {
					want := before.At(i, j)
					if i >= 1 && i <= cols && j >= 1 && j <= rows {
						want = m.At(j-1, i-1)
						require.Equal(t, want, tr.At(i-1, j-1))
					}
					require.Equal(t, want, around.At(i, j), "%d x %d: (%d, %d)", rows, cols, i, j)
				}
			}
			assert.Equal(t, m.Clone(), tr.Transpose())
		}
	}
	misuse(t, "TransposeTo", func() { matrix.New[T](2, 3).TransposeTo(matrix.New[T](2, 3)) }, "2 x 3 from 2 x 3")
	short := &matrix.Dense[T]{Rows: 3, Cols: 3, Stride: 3, Data: make([]T, 8)}
	assert.Panics(t, func() { short.TransposeTo(matrix.New[T](3, 3)) })
	assert.Panics(t, func() { matrix.New[T](3, 3).TransposeTo(short) })
}

func TestConvertRoundsToNearest(t *testing.T) {
	m := matrix.Of(2, 2, []float64{1, 1 + 0x1p-25, 1 + 0x1.8p-24, 1e300})
	f := matrix.Convert[float32](m.View(0, 0, 2, 2))
	assert.Equal(t, []float32{1, 1, 1 + 0x1p-23, float32(math.Inf(1))}, f.Data)
	assert.Equal(t, []float64{1, 1, 1 + 0x1p-23, math.Inf(1)}, matrix.Convert[float64](f).Data)
	c := matrix.Convert[float64](m)
	c.Set(0, 0, 7)
	assert.Equal(t, 1.0, m.At(0, 0), "Convert copies even when the type stays")
	assert.Equal(t, []float64{1 + 0x1p-25, 1e300}, matrix.Convert[float64](m.View(0, 1, 2, 1)).Data)
}

func ExampleDense_View() {
	m := matrix.Of(3, 3, []float64{
		1, 2, 3,
		4, 5, 6,
		7, 8, 9})
	v := m.View(1, 1, 2, 2)
	v.Set(0, 0, 50) // also in m
	fmt.Println(v.Row(0), v.Row(1), m.At(1, 1))
	// Output: [50 6] [8 9] 50
}

func ExampleDense_Transpose() {
	m := matrix.Of(2, 3, []float32{1, 2, 3, 4, 5, 6})
	fmt.Println(m.Transpose().Data)
	// Output: [1 4 2 5 3 6]
}

func ExampleConvert() {
	m := matrix.Of(1, 2, []float64{0.1, 0.5})
	fmt.Println(matrix.Convert[float64](matrix.Convert[float32](m)).Data)
	// Output: [0.10000000149011612 0.5]
}
