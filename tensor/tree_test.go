package tensor_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/internal/par"
	"polyad/matrix"
	"polyad/tensor"
)

func TestTreeMatchesMTTKRP(t *testing.T) {
	levels(t, testTree[float32], testTree[float64])
}

// treeShapes have room for partial products of few components.
var treeShapes = [][]int{{9}, {8, 11}, {13, 12, 14}, {30, 1, 25}, {9, 10, 8, 11}, {5, 12, 1, 14}, {6, 7, 8, 5, 6}, {4, 5, 4, 5, 4, 3}, {40, 6, 50}, {600, 2, 2}, {2, 2, 600}, {70, 9, 20}}

func testTree[T tensor.Float](t *testing.T) {
	r := newRand(21)
	for _, shape := range treeShapes {
		for _, rank := range []int{1, 3, 40} {
			x, f := random[T](r, shape...), factors[T](r, shape, rank)
			tree := tensor.NewTree[T](shape, rank)
			check := func(mode int, msg string) {
				want, size := naiveMTTKRP(x, f, mode, rank)
				got := filled[T](shape[mode], rank)
				tree.MTTKRP(nil, got, x, f, mode)
				near(t, want, size, got, 40+2*x.Len(), shape, rank, mode, msg)
			}
			change := func(mode int) {
				if f[mode] = gaps[T](r, shape[mode], rank); r.IntN(2) == 0 {
					f[mode] = f[mode].Clone()
				}
				tree.Changed(mode)
			}
			for range 2 {
				for mode := range shape {
					check(mode, "in order")
					change(mode)
				}
			}
			for range 20 { // in any order, with scaling and changes at any time
				mode := r.IntN(len(shape))
				switch r.IntN(4) {
				case 0:
					change(mode)
				case 1:
					s := make([]float64, rank)
					for q := range s {
						s[q] = []float64{0.5, 2, 3, -1, 1}[r.IntN(5)]
						for i := range f[mode].Rows {
							f[mode].Set(i, q, T(s[q])*f[mode].At(i, q))
						}
					}
					tree.Scaled(mode, s)
				default:
					check(mode, "in any order")
				}
			}
			x = random[T](r, shape...)
			check(0, "other data")
			x.Data[0]++
			tree.Reset()
			check(len(shape)-1, "the same memory with other data")
		}
	}
}

func TestTreeTellsViewsOfTheSameMemoryApart(t *testing.T) {
	r := newRand(26)
	x, f := random[float64](r, 20, 20, 20), factors[float64](r, []int{20, 20, 20}, 2)
	tree := tensor.NewTree[float64](x.Shape, 2)
	for _, v := range []*tensor.Dense[float64]{x, x.Permute(1, 0, 2), x.Permute(2, 0, 1), x} {
		want, size := naiveMTTKRP(v, f, 0, 2)
		got := matrix.New[float64](20, 2)
		tree.MTTKRP(nil, got, v, f, 0)
		near(t, want, size, got, 1000)
		tree.MTTKRP(nil, got, v, f, 1)
	}
	require.Equal(t, 4, tree.Passes())
}

func TestTreeReadsTheDataRarely(t *testing.T) {
	for _, c := range []struct {
		shape []int
		rank  int
		order []int // of the updates of a sweep
		want  []int // passes after each sweep
	}{
		// Two passes for the first sweep, three for two.
		{[]int{30, 32, 34}, 4, []int{0, 1, 2}, []int{2, 3, 5, 6, 8, 9}},
		{[]int{30, 32, 34}, 4, []int{2, 1, 0}, []int{2, 4, 5, 7}}, // another order than was expected at first
		{[]int{30, 32, 34}, 4, []int{1, 2, 0}, []int{2, 4, 5, 7}},
		// Four modes: all but one are kept where there are few components, two
		// where reading the partial products costs more than a pass.
		{[]int{20, 20, 20, 20}, 1, []int{0, 1, 2, 3}, []int{2, 3, 4, 6, 7, 8}},
		{[]int{20, 20, 20, 20}, 5, []int{0, 1, 2, 3}, []int{2, 4, 6, 8}},
		// Modes that are fixed are summed over once and for all.
		{[]int{30, 32, 34}, 4, []int{0, 1}, []int{1, 1, 1, 1}},
		{[]int{30, 32, 34}, 4, []int{1, 2}, []int{2, 3, 3, 3, 3}},
		{[]int{30, 32, 34}, 4, []int{0, 2}, []int{2, 3, 3, 3, 3}},
		{[]int{20, 20, 20, 20}, 1, []int{1, 3}, []int{2, 3, 3, 3}},
		// A partial product would need more than half of the data's memory.
		{[]int{30, 32, 34}, 16, []int{0, 1, 2}, []int{3, 6}},
		{[]int{30, 32}, 2, []int{0, 1}, []int{2, 4}},
	} {
		r := newRand(22)
		x, f := random[float64](r, c.shape...), factors[float64](r, c.shape, c.rank)
		tree := tensor.NewTree[float64](c.shape, c.rank)
		got := []int{}
		for range c.want {
			for _, mode := range c.order {
				tree.MTTKRP(nil, matrix.New[float64](c.shape[mode], c.rank), x, f, mode)
				tree.Changed(mode)
				for m := range c.shape { // balancing after each update
					tree.Scaled(m, make([]float64, c.rank))
				}
			}
			got = append(got, tree.Passes())
		}
		assert.Equal(t, c.want, got, "%v, %d components, %v", c.shape, c.rank, c.order)
	}
}

func TestTreeKeepsWithinItsMemory(t *testing.T) {
	r := newRand(23)
	for _, shape := range treeShapes {
		size, _ := tensor.Elements(shape)
		for _, rank := range []int{1, 2, 3, 5, 8, 13, 40} {
			x, f := random[float64](r, shape...), factors[float64](r, shape, rank)
			tree := tensor.NewTree[float64](shape, rank)
			for range 3 * len(shape) {
				mode := r.IntN(len(shape))
				tree.MTTKRP(nil, matrix.New[float64](shape[mode], rank), x, f, mode)
				tree.Changed(mode)
			}
			limit := min(1.2*float64(size*rank)/float64(slices.Min(shape)), float64(size)/2)
			require.LessOrEqual(t, float64(tree.Words()), limit, "%v, %d components", shape, rank)
		}
	}
}

func TestTreeDoesNotDependOnWorkersAndAllocatesNothing(t *testing.T) {
	both(t, testTreeWorkers[float32], testTreeWorkers[float64])
}

func testTreeWorkers[T tensor.Float](t *testing.T) {
	for _, shape := range [][]int{{70, 60, 50}, {20, 21, 22, 23}, {12, 10, 11, 9, 8}} {
		for _, rank := range []int{2, 8} {
			var first []T
			for _, workers := range []int{1, 2, 3} {
				r := newRand(24)
				x, f := random[T](r, shape...), factors[T](r, shape, rank)
				p := par.New(workers)
				tree := tensor.NewTree[T](shape, rank)
				dst := make([]*matrix.Dense[T], len(shape))
				for n, s := range shape {
					dst[n] = matrix.New[T](s, rank)
				}
				sweep := func() {
					for mode := range shape {
						tree.MTTKRP(p, dst[mode], x, f, mode)
						tree.Changed(mode)
					}
				}
				var all []T
				for range 2 * len(shape) { // all that may be kept has been
					sweep()
					for _, m := range dst {
						all = append(all, m.Data...)
					}
				}
				if first == nil {
					first = all
				}
				require.Equal(t, first, all, "%v, %d workers", shape, workers)
				require.Zero(t, testing.AllocsPerRun(len(shape), sweep), "%v", shape)
				p.Close()
			}
		}
	}
}

func TestTreeRefusesShapesThatDoNotFit(t *testing.T) {
	tree := tensor.NewTree[float64]([]int{2, 3, 4}, 5)
	x, f := counting[float64](2, 3, 4), factors[float64](newRand(25), []int{2, 3, 4}, 5)
	misuse(t, "NewTree", func() { tensor.NewTree[float64]([]int{2, -1}, 5) }, "[2 -1]")
	misuse(t, "NewTree", func() { tensor.NewTree[float64](nil, 5) })
	misuse(t, "Tree.Changed", func() { tree.Changed(3) }, "mode 3", "[2 3 4]")
	misuse(t, "Tree.Scaled", func() { tree.Scaled(-1, nil) }, "mode -1")
	misuse(t, "Tree.Scaled", func() { tree.Scaled(0, make([]float64, 4)) }, "4 scales", "5 components")
	misuse(t, "Tree.MTTKRP", func() { tree.MTTKRP(nil, matrix.New[float64](3, 5), x, f, 0) }, "3 x 5")
	y := counting[float64](2, 4, 3)
	g := []*matrix.Dense[float64]{f[0], f[2], f[1]}
	misuse(t, "Tree.MTTKRP", func() { tree.MTTKRP(nil, matrix.New[float64](2, 5), y, g, 0) }, "[2 4 3]", "[2 3 4]")
	empty := tensor.NewTree[float64]([]int{2, 0}, 5)
	dst := filled[float64](2, 5)
	empty.MTTKRP(nil, dst, tensor.New[float64](2, 0), []*matrix.Dense[float64]{nil, matrix.New[float64](0, 5)}, 0)
	require.Equal(t, make([]float64, 10), dst.Clone().Data)
}

func ExampleTree() {
	shape, rank := []int{30, 20, 25}, 3
	t := tensor.New[float64](shape...)
	f := make([]*matrix.Dense[float64], len(shape))
	for n, s := range shape {
		f[n] = matrix.New[float64](s, rank)
	}
	tree := tensor.NewTree[float64](shape, rank)
	for range 4 { // sweeps
		for mode, s := range shape {
			m := matrix.New[float64](s, rank)
			tree.MTTKRP(nil, m, t, f, mode)
			// Here f[mode] is updated from m.
			tree.Changed(mode)
		}
	}
	fmt.Println(tree.Passes(), "passes over the data for 12 products")
	// Output: 6 passes over the data for 12 products
}
