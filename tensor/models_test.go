package tensor_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/internal/par"
	"polyad/internal/racing"
	"polyad/matrix"
	"polyad/tensor"
)

// naiveCP returns the elements of a model by its definition, and the sums of
// absolute values.
func naiveCP[T tensor.Float](m tensor.CP[T]) (x, size *tensor.Dense[float64]) {
	x, size = tensor.New[float64](m.Shape()...), tensor.New[float64](m.Shape()...)
	each(x.Shape, func(index []int) {
		var s, abs float64
		for q := range m.Rank() {
			v := 1.0
			if m.Weights != nil {
				v = m.Weights[q]
			}
			for n, i := range index {
				v *= float64(m.Factors[n].At(i, q))
			}
			s += v
			abs += math.Abs(v)
		}
		x.Set(s, index...)
		size.Set(abs, index...)
	})
	return x, size
}

// naiveTucker returns the elements of a model by products with unfoldings.
func naiveTucker[T tensor.Float](m tensor.Tucker[T]) *tensor.Dense[float64] {
	shape := append([]int{}, m.Core.Shape...)
	x := tensor.New[float64](shape...)
	for i, v := range elements(m.Core) {
		x.Data[i] = float64(v)
	}
	for n, f := range m.Factors {
		if f == nil {
			continue
		}
		y, _ := naiveModeProduct(x, matrix.Convert[float64](f), n)
		shape[n] = f.Rows
		x = tensor.Fold(y, n, shape...)
	}
	return x
}

func weights(r *rand.Rand, rank int) []float64 {
	w := make([]float64, rank)
	for q := range w {
		w[q] = r.NormFloat64()
	}
	return w
}

func TestCPIsTheSumOfItsComponents(t *testing.T) { levels(t, testCP[float32], testCP[float64]) }

func testCP[T tensor.Float](t *testing.T) {
	r := newRand(31)
	var tiles tensor.CPTiles[T]
	for k, shape := range shapes {
		rank := []int{1, 4, 19, 300}[k%4]
		if n, _ := tensor.Elements(shape); n > 5000 {
			rank = min(rank, 19)
		}
		m := tensor.CP[T]{Factors: factors[T](r, shape, rank)}
		if k%3 > 0 {
			m.Weights = weights(r, rank)
		}
		want, size := naiveCP(m)
		n := want.Len()
		got := m.Reconstruct(nil)
		require.Equal(t, shape, got.Shape)
		asRow := func(x *tensor.Dense[float64]) *matrix.Dense[float64] { return matrix.Of(1, n, x.Data) }
		near(t, asRow(want), asRow(size), matrix.Of(1, n, got.Data), rank+10, shape, rank)

		tiles.Set(m, 2)
		rows, cols := tiles.Size()
		require.Equal(t, n, rows*cols)
		for lo := 0; lo < rows; { // tiles of odd sizes, by either worker
			hi := min(rows, lo+1+r.IntN(70))
			dst := make([]T, (hi-lo)*cols)
			tiles.Tile(dst, lo, hi, lo%2)
			require.Equal(t, got.Data[lo*cols:hi*cols], dst, "%v, rows [%d, %d)", shape, lo, hi)
			lo = hi
		}

		x := random[T](r, shape...)
		o := tensor.CP[T]{Factors: factors[T](r, shape, 3), Weights: weights(r, 3)}
		other, otherSize := naiveCP(o)
		var norm, all, inner, dense, most float64
		for i, v := range want.Data {
			norm += v * v
			all += size.Data[i] * size.Data[i]
			inner += v * other.Data[i]
			dense += v * float64(x.Data[i])
			most += size.Data[i] * (otherSize.Data[i] + math.Abs(float64(x.Data[i])))
		}
		tol := 400 * eps[T]()
		require.InDelta(t, norm, m.Norm()*m.Norm(), tol*all, "%v", shape)
		require.InDelta(t, inner, m.Inner(o), 1e-12*most, "%v", shape)
		require.InDelta(t, dense, m.InnerDense(nil, x), tol*most, "%v", shape)
	}
}

func TestTuckerIsTheCoreTimesItsFactors(t *testing.T) {
	levels(t, testTucker[float32], testTucker[float64])
}

func testTucker[T tensor.Float](t *testing.T) {
	r := newRand(32)
	var tiles tensor.TuckerTiles[T]
	for _, c := range []struct{ core, shape []int }{
		{[]int{3}, []int{7}}, {[]int{2, 3}, []int{5, 4}}, {[]int{4, 5}, []int{3, 2}}, {[]int{2, 3, 4}, []int{30, 7, 11}}, {[]int{5, 1, 2}, []int{9, 1, 40}},
		{[]int{2, 2, 2}, []int{1, 1, 1}}, {[]int{2, 3, 2, 3}, []int{6, 7, 5, 4}}, {[]int{2, 2, 2}, []int{3, 0, 4}}, {[]int{2, 1, 2, 1, 2}, []int{3, 4, 2, 5, 3}},
		{[]int{3}, []int{3}}, {[]int{9, 3, 4}, []int{9, 7, 5}}, {[]int{9, 3, 4}, []int{9, 3, 4}}, {[]int{2, 5, 0}, []int{9, 5, 0}},
	} {
		m := tensor.Tucker[T]{Core: random[T](r, c.core...)}
		for n, s := range c.shape {
			f := gaps[T](r, s, c.core[n])
			if s == c.core[n] && s != 2 {
				f = nil // left as it is
			}
			m.Factors = append(m.Factors, f)
		}
		want := naiveTucker(m)
		got := m.Reconstruct(nil)
		require.Equal(t, c.shape, got.Shape)
		require.Equal(t, c.shape, m.Shape())
		x := random[T](r, c.shape...)
		var norm, inner float64
		tol := 1000 * eps[T]() * float64(m.Core.Len())
		for i, v := range want.Data {
			require.InDelta(t, v, float64(got.Data[i]), 10*tol)
			norm += v * v
			inner += v * float64(x.Data[i])
		}
		require.InDelta(t, norm, m.Norm()*m.Norm(), tol*(1+norm))
		require.InDelta(t, inner, m.InnerDense(nil, x), tol*(1+math.Sqrt(norm*float64(x.Len()))))

		// Another core, factors that are there where m has none, and the reverse.
		o := tensor.Tucker[T]{}
		var ranks []int
		for n, s := range c.shape {
			rank, f := n+1, gaps[T](r, s, n+1)
			if m.Factors[n] != nil && n%2 == 0 {
				rank, f = s, nil
			}
			ranks, o.Factors = append(ranks, rank), append(o.Factors, f)
		}
		o.Core = random[T](r, ranks...)
		var both, squares float64
		for i, v := range naiveTucker(o).Data {
			both += v * want.Data[i]
			squares += v * v
		}
		require.InDelta(t, both, m.Inner(o), 1e-11*(1+math.Sqrt(norm*squares)), "%v", c.shape)
		require.InDelta(t, both, o.Inner(m), 1e-11*(1+math.Sqrt(norm*squares)), "%v", c.shape)
		require.InEpsilon(t, 1+m.Norm()*m.Norm(), 1+m.Inner(m), 1e3*eps[T]())

		tiles.Set(m, 2)
		rows, cols := tiles.Size()
		require.Equal(t, want.Len(), rows*cols)
		for lo := 0; lo < rows; {
			hi := min(rows, lo+1+r.IntN(5))
			dst := make([]T, (hi-lo)*cols)
			tiles.Tile(dst, lo, hi, lo%2)
			for i, v := range dst {
				require.InDelta(t, want.Data[lo*cols+i], float64(v), 10*tol)
			}
			lo = hi
		}
	}
}

func TestModelsDoNotDependOnWorkers(t *testing.T) {
	r := newRand(33)
	cp := tensor.CP[float64]{Factors: factors[float64](r, []int{40, 30, 50}, 9)}
	tucker := tensor.Tucker[float64]{Core: random[float64](r, 5, 6, 7), Factors: []*matrix.Dense[float64]{gaps[float64](r, 40, 5), gaps[float64](r, 30, 6), gaps[float64](r, 50, 7)}}
	one, core := cp.Reconstruct(nil), tucker.Reconstruct(nil)
	for workers := 1; workers <= 3; workers++ {
		p := par.New(workers)
		require.Equal(t, one, cp.Reconstruct(p))
		require.Equal(t, core, tucker.Reconstruct(p))
		require.Equal(t, cp.InnerDense(nil, one), cp.InnerDense(p, one))
		require.Equal(t, tucker.InnerDense(nil, one), tucker.InnerDense(p, one))
		p.Close()
	}
}

func TestTilesAllocateNothing(t *testing.T) {
	racing.CountsAllocations(t)
	r := newRand(34)
	cp := tensor.CP[float32]{Factors: factors[float32](r, []int{40, 30, 50}, 9), Weights: weights(r, 9)}
	tucker := tensor.Tucker[float32]{Core: random[float32](r, 5, 6, 7), Factors: []*matrix.Dense[float32]{gaps[float32](r, 40, 5), gaps[float32](r, 30, 6), gaps[float32](r, 50, 7)}}
	var a tensor.CPTiles[float32]
	var b tensor.TuckerTiles[float32]
	dst := make([]float32, 2*30*50)
	a.Set(cp, 2)
	_, cols := a.Size()
	require.Zero(t, testing.AllocsPerRun(3, func() {
		a.Set(cp, 2)
		a.Tile(dst[:2*cols], 1, 3, 1)
		b.Set(tucker, 2)
		b.Tile(dst, 1, 3, 1)
	}))
}

func TestKhatriRaoAndHadamardGramMatchTheirDefinition(t *testing.T) {
	both(t, testKhatriRao[float32], testKhatriRao[float64])
}

func testKhatriRao[T tensor.Float](t *testing.T) {
	r := newRand(35)
	f := factors[T](r, []int{3, 1, 4, 2}, 5)
	for skip := -1; skip < 4; skip++ {
		k := tensor.KhatriRao(f, skip)
		shape := []int{}
		for n, m := range f {
			if n != skip {
				shape = append(shape, m.Rows)
			}
		}
		row := 0
		each(shape, func(index []int) {
			for q := range 5 {
				v, i := 1.0, 0
				for n, m := range f {
					if n != skip {
						v *= float64(m.At(index[i], q))
						i++
					}
				}
				require.InDelta(t, v, float64(k.At(row, q)), 8*eps[T]()*math.Abs(v))
			}
			row++
		})
		require.Equal(t, row, k.Rows)
	}
	// KᵀK is the elementwise product of the Gram matrices.
	grams := make([]*matrix.Dense[float64], len(f))
	for n := range f {
		grams[n] = matrix.New[float64](5, 5)
		matrix.Gram(nil, grams[n], f[n], false)
	}
	for skip := -1; skip < 4; skip++ {
		want, got := matrix.New[float64](5, 5), filled[float64](5, 5)
		matrix.Gram(nil, want, tensor.KhatriRao(f, skip), false)
		tensor.HadamardGram(got, grams, skip)
		for i, v := range got.Clone().Data {
			require.InDelta(t, want.Data[i], v, 1e3*eps[T]()*(1+math.Abs(v)))
		}
	}
	got := filled[float64](2, 2)
	tensor.HadamardGram(got, nil, 0)
	require.Equal(t, []float64{1, 1, 1, 1}, got.Clone().Data)
	require.Equal(t, 0, tensor.KhatriRao([]*matrix.Dense[T]{f[0], matrix.New[T](0, 5)}, -1).Rows)
}

func TestModelsRefuseShapesThatDoNotFit(t *testing.T) {
	r := newRand(36)
	f := factors[float64](r, []int{2, 3}, 4)
	bad := []*matrix.Dense[float64]{f[0], gaps[float64](r, 3, 5)}
	cp := tensor.CP[float64]{Factors: f}
	misuse(t, "CP.Norm", func() { tensor.CP[float64]{}.Norm() })
	misuse(t, "CP.Rank", func() { tensor.CP[float64]{}.Rank() })
	misuse(t, "CP.Norm", func() { tensor.CP[float64]{Factors: bad}.Norm() }, "3 x 5")
	misuse(t, "CP.Norm", func() { tensor.CP[float64]{Factors: f, Weights: []float64{1}}.Norm() }, "1 weights")
	misuse(t, "CP.Inner", func() { cp.Inner(tensor.CP[float64]{Factors: f[:1]}) }, "[2 3]", "[2]")
	misuse(t, "CP.Inner", func() { cp.Inner(tensor.CP[float64]{Factors: []*matrix.Dense[float64]{f[1], f[0]}}) }, "[3 2]")
	misuse(t, "CP.InnerDense", func() { cp.InnerDense(nil, counting[float64](2, 4)) }, "[2 4]")
	misuse(t, "CP.InnerDense", func() { cp.InnerDense(nil, counting[float64](5, 3)) }, "[5 3]")
	misuse(t, "CP.Reconstruct", func() { cp.ReconstructTo(nil, counting[float64](3, 2)) }, "[3 2]")
	misuse(t, "CP.Reconstruct", func() { cp.ReconstructTo(nil, counting[float64](3, 2).Permute(1, 0)) }, "strides")
	var tiles tensor.CPTiles[float64]
	tiles.Set(cp, 1)
	misuse(t, "CPTiles.Tile", func() { tiles.Tile(make([]float64, 6), 0, 3, 0) }, "6 elements")
	tucker := tensor.Tucker[float64]{Core: counting[float64](4, 5), Factors: f}
	misuse(t, "Tucker.Norm", func() { tucker.Norm() }, "factor 1 is 3 x 4", "[4 5]")
	misuse(t, "Tucker.Inner", func() {
		m := tensor.Tucker[float64]{Core: counting[float64](2, 3), Factors: make([]*matrix.Dense[float64], 2)}
		m.Inner(tensor.Tucker[float64]{Core: counting[float64](3, 2), Factors: make([]*matrix.Dense[float64], 2)})
	}, "[2 3]", "[3 2]")
	misuse(t, "Tucker.Reconstruct", func() { tensor.Tucker[float64]{Core: counting[float64](4), Factors: f}.Reconstruct(nil) }, "2 factors")
	tucker.Factors = bad
	var rows tensor.TuckerTiles[float64]
	rows.Set(tucker, 1)
	misuse(t, "TuckerTiles.Tile", func() { rows.Tile(make([]float64, 3), 1, 3, 0) }, "3 elements")
	misuse(t, "TuckerTiles.Set", func() { rows.Set(tensor.Tucker[float64]{Core: tensor.New[float64]()}, 1) })
	misuse(t, "KhatriRao", func() { tensor.KhatriRao(bad, -1) }, "3 x 5")
	misuse(t, "KhatriRao", func() { tensor.KhatriRao(f[:1], 0) })
	misuse(t, "HadamardGram", func() {
		tensor.HadamardGram(matrix.New[float64](2, 2), []*matrix.Dense[float64]{matrix.New[float64](3, 3)}, -1)
	}, "3 x 3", "2 x 2")
}

func TestMatricesWithoutAStrideArePanics(t *testing.T) {
	x, bad := counting[float64](3, 3), &matrix.Dense[float64]{Rows: 3, Cols: 3, Data: make([]float64, 9)}
	f := []*matrix.Dense[float64]{bad, bad}
	good := []*matrix.Dense[float64]{matrix.New[float64](3, 3), matrix.New[float64](3, 3)}
	for op, call := range map[string]func(){
		"MTTKRP":             func() { tensor.MTTKRP(nil, matrix.New[float64](3, 3), x, f, 0) },
		"Tree.MTTKRP":        func() { tensor.NewTree[float64](x.Shape, 3).MTTKRP(nil, bad, x, good, 0) },
		"ModeProduct":        func() { tensor.ModeProduct(nil, x, bad, 1, true) },
		"MultiModeProduct":   func() { tensor.MultiModeProduct(nil, x, f, false) },
		"KhatriRao":          func() { tensor.KhatriRao(f, -1) },
		"CP.Norm":            func() { tensor.CP[float64]{Factors: f}.Norm() },
		"Tucker.Reconstruct": func() { tensor.Tucker[float64]{Core: x, Factors: f}.Reconstruct(nil) },
	} {
		misuse(t, op, call, "3 x 3 with Stride 0 and 9 elements")
	}
}

func ExampleCP_Inner() {
	x := tensor.CP[float64]{Factors: []*matrix.Dense[float64]{matrix.Of(2, 1, []float64{1, 2}), matrix.Of(2, 1, []float64{1, 1})}}
	y := tensor.CP[float64]{Factors: []*matrix.Dense[float64]{matrix.Of(2, 1, []float64{2, 1}), matrix.Of(2, 1, []float64{3, 0})}}
	fmt.Printf("%g %.4f\n", x.Inner(y), x.Inner(y)/(x.Norm()*y.Norm())) // the cosine of their angle
	// Output: 12 0.5657
}

func ExampleCP_Reconstruct() {
	m := tensor.CP[float64]{
		Weights: []float64{1, 10},
		Factors: []*matrix.Dense[float64]{
			matrix.Of(2, 2, []float64{1, 0, 2, 1}),
			matrix.Of(2, 2, []float64{1, 1, 3, 1}),
		},
	}
	x := m.Reconstruct(nil)
	fmt.Println(x.Data)
	fmt.Printf("%.4f %.4f\n", m.Norm(), math.Sqrt(m.InnerDense(nil, x)))
	// Output:
	// [1 3 12 16]
	// 20.2485 20.2485
}

func ExampleTucker_Reconstruct() {
	m := tensor.Tucker[float64]{
		Core:    tensor.Of([]float64{1, 2}, 1, 2),
		Factors: []*matrix.Dense[float64]{matrix.Of(2, 1, []float64{1, 3}), matrix.Of(2, 2, []float64{1, 0, 0, 1})},
	}
	fmt.Println(m.Reconstruct(nil).Data, m.Norm())
	// Output: [1 2 3 6] 7.0710678118654755
}
func TestHadamardGramRefusesAFactorOfItsProduct(t *testing.T) {
	a, b := matrix.Of(1, 1, []float64{2}), matrix.Of(1, 1, []float64{3})
	require.Panics(t, func() { tensor.HadamardGram(a, []*matrix.Dense[float64]{a, b}, -1) })
	tensor.HadamardGram(a, []*matrix.Dense[float64]{a, b}, 0) // it is left out
	require.Equal(t, 3.0, a.At(0, 0))
}
