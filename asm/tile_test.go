package asm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// strided is a rows x cols matrix whose element (i, j) is x[i*row+j*col]; all
// other elements are NaN, so that reading one shows.
type strided[T Float] struct {
	x                    []T
	rows, cols, row, col int
}

func newStrided[T Float](r *rand.Rand, rows, cols, pad int, transposed bool) *strided[T] {
	s := &strided[T]{rows: rows, cols: cols, row: cols + pad, col: 1}
	if transposed {
		s.row, s.col = 1, rows+pad
	}
	s.x = make([]T, max(0, (rows-1)*s.row+(cols-1)*s.col+1))
	if rows == 0 || cols == 0 {
		s.x = nil
	}
	for i := range s.x {
		s.x[i] = T(math.NaN())
	}
	for i := range rows {
		for j := range cols {
			s.x[i*s.row+j*s.col] = T(r.NormFloat64())
		}
	}
	return s
}

func (s *strided[T]) at(i, j int) float64 { return float64(s.x[i*s.row+j*s.col]) }

// checkProduct compares c with a·b, plus old where add is set, and asserts that
// nothing else of c was written.
func checkProduct[T Float](t *testing.T, a, b, c *strided[T], old []T, add bool, msg string) {
	t.Helper()
	seen := make([]bool, len(c.x))
	for i := range c.rows {
		for j := range c.cols {
			o := i*c.row + j*c.col
			seen[o] = true
			var want, size float64
			for l := range a.cols {
				want += a.at(i, l) * b.at(l, j)
				size += math.Abs(a.at(i, l) * b.at(l, j))
			}
			if add {
				want += float64(old[o])
				size += math.Abs(float64(old[o]))
			}
			require.InDelta(t, want, float64(c.x[o]), float64(a.cols+2)*epsilon[T]()*size, "%s, element (%d, %d)", msg, i, j)
		}
	}
	for o, v := range c.x {
		if !seen[o] {
			require.Equal(t, bits(old[o]), bits(v), "%s: element %d between the rows was written", msg, o)
		}
	}
}

func TestTilesMatchTheirReferenceLoop(t *testing.T) {
	both(t, testTiles[float32], testTiles[float64])
}

func testTiles[T Float](t *testing.T, ker *Kernels[T]) {
	r := rand.New(rand.NewPCG(5, 6))
	widths := ker.Tiles
	if len(ker.Half) > 0 {
		widths = append([][]Tile[T]{ker.Half}, widths...)
	}
	for w, tiles := range widths {
		lanes := ker.Lanes
		if len(ker.Half) > 0 {
			if w--; w < 0 {
				w, lanes = 0, lanes/2
			}
		}
		require.Equal(t, 1, tiles[len(tiles)-1].Rows, "the last tile of a width has one row")
		for _, tile := range tiles {
			for last := 1; last <= lanes; last++ {
				cols := w*lanes + last
				for _, k := range []int{0, 1, 2, 5, 19} {
					for variant := range 8 {
						transposed, add, full := variant&1 > 0, variant&2 > 0, variant&4 > 0
						if full && last < lanes {
							continue
						}
						a, b := newStrided[T](r, tile.Rows, k, variant%3, transposed), newStrided[T](r, k, cols, variant%5, false)
						c := newStrided[T](r, tile.Rows, cols, 3, false)
						old := append([]T(nil), c.x...)
						f, flag := tile.Edge, 0
						if full {
							f = tile.Full
						}
						if add {
							flag = 1
						}
						pa, pb := new(T), new(T)
						if k > 0 {
							pa, pb = &a.x[0], &b.x[0]
						}
						f(k, pa, a.row, a.col, pb, b.row, &c.x[0], c.row, flag, last, 1<<20, 8, -64, 3, 1, 0, 0, 0)
						checkProduct(t, a, b, c, old, add, fmt.Sprintf("%d x %d, k %d, variant %d", tile.Rows, cols, k, variant))
					}
				}
			}
		}
	}
}

func TestMulCoversEveryShape(t *testing.T) {
	both(t, testMul[float32], testMul[float64])
}

func testMul[T Float](t *testing.T, ker *Kernels[T]) {
	r := rand.New(rand.NewPCG(7, 8))
	check := func(m, n, k int) {
		for variant := range 8 {
			transposed, add, byColumns := variant&1 > 0, variant&2 > 0, variant&4 > 0
			a, b, c := newStrided[T](r, m, k, 2, transposed), newStrided[T](r, k, n, 1, false), newStrided[T](r, m, n, 3, false)
			old := append([]T(nil), c.x...)
			ker.Mul(m, n, k, a.x, a.row, a.col, b.x, b.row, c.x, c.row, add, byColumns)
			checkProduct(t, a, b, c, old, add, fmt.Sprintf("%d x %d x %d, variant %d", m, n, k, variant))
		}
	}
	for _, m := range []int{0, 1, 2, 3, 5, 12, 13, 29} {
		for _, n := range []int{0, 1, 4, 7, 8, 9, 16, 24, 31, 50} {
			for _, k := range []int{0, 1, 3, 20} {
				check(m, n, k)
			}
		}
	}
	// Several groups of strips, and rows of A that tiles ask for.
	check(16, 33*ker.Lanes+3, 17)
	check(34, 33*ker.Lanes+3, 17)
	check(19, 2*ker.Lanes+3, 600)
}

func TestMulDownCoversEveryShape(t *testing.T) {
	both(t, testMulDown[float32], testMulDown[float64])
}

func testMulDown[T Float](t *testing.T, ker *Kernels[T]) {
	r := rand.New(rand.NewPCG(13, 14))
	for _, m := range []int{0, 1, 2, 3, 5, 12, 13, 29, 50} {
		for _, n := range []int{0, 1, 3, 4, 7, 8, 9, 12, 16, 20, 24, 28, 31, 36, 43, 50, 70} {
			for _, k := range []int{0, 1, 3, 20} {
				for _, add := range []bool{false, true} {
					a, b, c := newStrided[T](r, m, k, 2, true), newStrided[T](r, k, n, 1, false), newStrided[T](r, m, n, 3, false)
					old := append([]T(nil), c.x...)
					ker.MulDown(m, n, k, a.x, a.col, b.x, b.row, c.x, c.row, add, 1<<20-1<<21*(m%2))
					checkProduct(t, a, b, c, old, add, fmt.Sprintf("%d x %d x %d, add %v", m, n, k, add))
				}
			}
		}
	}
	// So deep that one call makes a few tiles only.
	a, b, c := newStrided[T](r, 40, 3000, 0, true), newStrided[T](r, 3000, 8, 0, false), newStrided[T](r, 40, 8, 0, false)
	ker.MulDown(40, 8, 3000, a.x, a.col, b.x, b.row, c.x, c.row, false, 40)
	want := make([]T, 40*8)
	ker.Mul(40, 8, 3000, a.x, a.row, a.col, b.x, b.row, want, 8, false, false)
	for i, v := range want {
		require.InDelta(t, float64(v), float64(c.x[i]), 1e-2, "element %d", i)
	}
}

func TestMulPackedMatchesMul(t *testing.T) {
	both(t, testMulPacked[float32], testMulPacked[float64])
}

func testMulPacked[T Float](t *testing.T, ker *Kernels[T]) {
	r := rand.New(rand.NewPCG(9, 10))
	height, width := ker.Panel()
	for m := 1; m <= 3*height+1; m++ {
		for n := 1; n <= width; n++ {
			for _, k := range []int{1, 7} {
				for _, add := range []bool{false, true} {
					a, b, c := newStrided[T](r, m, k, 0, false), newStrided[T](r, k, n, 0, false), newStrided[T](r, m, n, 3, false)
					packed := make([]T, (m+height-1)/height*height*k)
					for i := range m {
						for l := range k {
							packed[i/height*height*k+l*height+i%height] = a.x[i*k+l]
						}
					}
					old := append([]T(nil), c.x...)
					ker.MulPacked(m, n, k, packed, b.x, c.x, c.row, add)
					checkProduct(t, a, b, c, old, add, fmt.Sprintf("%d x %d x %d, add %v", m, n, k, add))
				}
			}
		}
	}
}

func TestMulPastMatchesMul(t *testing.T) {
	both(t, testMulPast[float32], testMulPast[float64])
}

func testMulPast[T Float](t *testing.T, ker *Kernels[T]) {
	r := rand.New(rand.NewPCG(11, 12))
	for _, m := range []int{1, 2, 5, 16, 21} {
		for _, n := range []int{1, 8, 16, 64, 100} {
			for offset := range 2 { // aligned and not
				a, b := newStrided[T](r, m, 5, 2, false), newStrided[T](r, 5, n, 1, false)
				c := newStrided[T](r, m, n, 128-n, false)
				mem := make([]T, len(c.x)+128)
				for !aligned(mem, 64) {
					mem = mem[1:]
				}
				c.x = append(mem[offset:offset], c.x...)
				old := append([]T(nil), c.x...)
				ker.MulPast(m, n, 5, a.x, a.row, a.col, b.x, b.row, c.x, c.row)
				checkProduct(t, a, b, c, old, false, fmt.Sprintf("%d x %d, offset %d", m, n, offset))
			}
		}
	}
}

func TestRatiosMatchTheirReferenceLoop(t *testing.T) {
	both(t, testRatios[float32], testRatios[float64])
}

func testRatios[T Float](t *testing.T, ker *Kernels[T]) {
	const floor = 0.25
	r := rand.New(rand.NewPCG(13, 14))
	for _, m := range []int{0, 1, 2, 3, 5, 13} {
		for _, n := range []int{0, 1, 8, 12, 16, 31, 64, 67, 100, 133} {
			for _, k := range []int{0, 1, 4, 9} {
				for variant := range 4 {
					a, b := newStrided[T](r, m, k, 2, variant&1 > 0), newStrided[T](r, k, n, 1, false)
					v, y, p := newStrided[T](r, m, n, 4, false), newStrided[T](r, m, n, 3, false), newStrided[T](r, m, n, 3, false)
					old, oldP := append([]T(nil), y.x...), append([]T(nil), p.x...)
					square := variant&2 > 0
					if square {
						ker.RatioIS(m, n, k, a.x, a.row, a.col, b.x, b.row, y.x, p.x, y.row, v.x, v.row, floor)
					} else {
						ker.RatioKL(m, n, k, a.x, a.row, a.col, b.x, b.row, y.x, y.row, v.x, v.row, floor)
						p.x = oldP
					}
					for i := range m {
						for j := range n {
							var s, size float64
							for l := range k {
								s += a.at(i, l) * b.at(l, j)
								size += math.Abs(a.at(i, l) * b.at(l, j))
							}
							s = math.Max(s, floor)
							rounding := epsilon[T]() * (3 + float64(k+2)*size/floor)
							msg := fmt.Sprintf("%d x %d x %d, variant %d, element (%d, %d)", m, n, k, variant, i, j)
							want := v.at(i, j) / s
							if square {
								require.InEpsilon(t, 1/s, p.at(i, j), rounding, msg)
								want /= s
							}
							require.InEpsilon(t, want, y.at(i, j), 2*rounding, msg)
						}
					}
					for i := 0; i < m-1 && n > 0; i++ {
						for j := i*y.row + n; j < (i+1)*y.row; j++ {
							require.Equal(t, bits(old[j]), bits(y.x[j]), "element %d between the rows was written", j)
							require.Equal(t, bits(oldP[j]), bits(p.x[j]), "element %d between the rows was written", j)
						}
					}
				}
			}
		}
	}
}

func TestMulPanicsRatherThanReadBeyond(t *testing.T) {
	ker := For[float64]()
	x := make([]float64, 12)
	require.Panics(t, func() { ker.Mul(4, 4, 4, x, 4, 1, make([]float64, 16), 4, make([]float64, 16), 4, false, true) })
	require.Panics(t, func() { ker.Mul(4, 4, 4, make([]float64, 16), 4, 1, x, 4, make([]float64, 16), 4, false, true) })
	require.Panics(t, func() { ker.Mul(4, 4, 4, make([]float64, 16), 4, 1, make([]float64, 16), 4, x, 4, false, true) })
}

func TestQuotientsMatchTheirReferenceLoop(t *testing.T) {
	both(t, testQuotients[float32], testQuotients[float64])
}

func testQuotients[T Float](t *testing.T, ker *Kernels[T]) {
	const floor = 0.25
	lengths(func(r *rand.Rand, n, offset int) {
		v := newGuarded[T](r, n, offset*5%8)
		for _, square := range []bool{false, true} {
			y, p := newGuarded[T](r, n, offset), newGuarded[T](r, n, offset*3%8)
			if square {
				ker.QuotIS(y.x, p.x, v.x, floor)
			} else {
				ker.QuotKL(y.x, v.x, floor)
			}
			for j := range y.x {
				m := math.Max(y.old(j), floor)
				want := v.old(j) / m
				if square {
					want /= m
					require.InDelta(t, 1/m, float64(p.x[j]), epsilon[T]()/m, "length %d, element %d", n, j)
				}
				require.InDelta(t, want, float64(y.x[j]), 3*epsilon[T]()*math.Abs(want), "length %d, element %d", n, j)
			}
			y.unchanged(t, n)
			p.unchanged(t, n)
			v.unchanged(t, 0)
		}
	})
}

func TestUseChangesTheLevelUntilRestored(t *testing.T) {
	before := Current()
	for _, l := range Levels() {
		restore, err := Use(l)
		require.NoError(t, err)
		require.Equal(t, l, Current())
		require.Equal(t, l, For[float32]().Level)
		require.Equal(t, l, For[float64]().Level)
		restore()
		require.Equal(t, before, Current())
	}
	_, err := Use(Level(99))
	require.Error(t, err)
	require.Contains(t, Levels(), Generic)
}
