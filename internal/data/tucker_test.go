package data_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/internal/data"
	"polyad/internal/par"
	"polyad/loss"
	"polyad/matrix"
	"polyad/tensor"
)

var (
	_ data.Tucker[float32] = (*data.DenseTucker[float32])(nil)
	_ data.Tucker[float64] = (*data.DenseTucker[float64])(nil)

	tuckerShapes = []struct{ shape, ranks []int }{
		{[]int{1, 1}, []int{1, 1}}, {[]int{5, 70}, []int{3, 2}}, {[]int{70, 5}, []int{2, 5}}, {[]int{4, 3, 5}, []int{2, 4, 3}}, {[]int{1, 130, 2}, []int{1, 3, 2}},
		{[]int{100, 3, 7}, []int{12, 2, 9}}, {[]int{18, 17, 140}, []int{3, 5, 17}}, {[]int{3, 4, 2, 5}, []int{2, 3, 2, 2}}, {[]int{20, 9, 1, 300}, []int{6, 2, 1, 3}},
	}
)

// tuckerProblem returns positive data and a positive model.
func tuckerProblem[T asm.Float](shape, ranks []int) (x *tensor.Dense[T], m tensor.Tucker[T]) {
	x, f := problem[T](shape, 1)
	r := rand.New(rand.NewPCG(1, uint64(x.Len())))
	m.Core = tensor.New[T](ranks...)
	for i := range m.Core.Data {
		m.Core.Data[i] = T(.1 + r.Float64())
	}
	for n := range f {
		u := matrix.New[T](shape[n], ranks[n])
		for i := range u.Data {
			u.Data[i] = T(.1 + r.Float64())
		}
		m.Factors = append(m.Factors, u)
	}
	return x, m
}

// naiveTucker is what a pass computes, from arrays of the size of the data, of the
// entries that a mask observes, or of all.
type naiveTucker struct {
	divergence, squares float64
	num, den            []*matrix.Dense[float64] // of the modes
	core, coreDen       []float64
}

func naiveTuckerPass[T asm.Float](x *tensor.Dense[T], mask *tensor.Mask, m tensor.Tucker[T], l loss.Loss, scale, floor float64) (o naiveTucker) {
	wx, f := wide(x, m.Factors)
	core, _ := wide(m.Core, nil)
	y := tensor.Tucker[float64]{Core: core, Factors: f}.Reconstruct(nil)
	q, p := tensor.New[float64](x.Shape...), tensor.New[float64](x.Shape...)
	for i, v := range wx.Data {
		if mask != nil && !seen(mask, i) {
			continue
		}
		v *= scale
		o.squares += (v - y.Data[i]) * (v - y.Data[i])
		v = max(v, floor*scale)
		o.divergence += l.Between(v, y.Data[i])
		q.Data[i], p.Data[i] = v*math.Pow(y.Data[i], l.Beta()-2), math.Pow(y.Data[i], l.Beta()-1)
	}
	for n := range f {
		g := append([]*matrix.Dense[float64](nil), f...)
		g[n] = nil
		b := tensor.MultiModeProduct(nil, core, g, false).Unfold(n)
		for k, a := range []*tensor.Dense[float64]{q, p} {
			dst := matrix.New[float64](x.Shape[n], core.Shape[n])
			matrix.Gemm(nil, false, true, 1, a.Unfold(n), b, 0, dst)
			if k == 0 {
				o.num = append(o.num, dst)
			} else {
				o.den = append(o.den, dst)
			}
		}
	}
	o.core = tensor.MultiModeProduct(nil, q, f, true).Data
	o.coreDen = tensor.MultiModeProduct(nil, p, f, true).Data
	return o
}

func TestTuckerPassesMatchTheirDefinition(t *testing.T) {
	both(t, testTuckerPasses[float32], testTuckerPasses[float64])
}

func testTuckerPasses[T asm.Float](t *testing.T) {
	const scale = .25
	eps := 2000 * epsilon[T]()
	for k, c := range slices.Concat(tuckerShapes, tuckerShapes) {
		order := len(c.shape)
		x, m := tuckerProblem[T](c.shape, c.ranks)
		var mask *tensor.Mask
		if k >= len(tuckerShapes) {
			mask = holes(uint64(k), .4, c.shape...)
			for i := range x.Data {
				if !seen(mask, i) {
					x.Data[i] = T(math.NaN())
				}
			}
		}
		for _, beta := range []float64{-1, 0, 1, 1.5, 2, 3} {
			floor := 0.0
			if beta <= 0 {
				floor = .2
			}
			l := loss.Beta(beta)
			before := naiveTuckerPass(x, mask, m, l, scale, floor)
			for along := range order {
				name := fmt.Sprintf("%v %v beta %g along %d masked %v", c.shape, c.ranks, beta, along, mask != nil)
				d := data.NewTuckerAlong(nil, x, mask, c.ranks, along, scale, floor)
				check := func(n int, want naiveTucker) {
					if n == order {
						num, den := tensor.New[T](c.ranks...), tensor.New[T](c.ranks...)
						d.CoreQuotients(num, den, l, m)
						requireNear(t, want.core, num.Data, eps, 0, name)
						requireNear(t, want.coreDen, den.Data, eps, 0, name)
						return
					}
					num, den := matrix.New[T](c.shape[n], c.ranks[n]), matrix.New[T](c.shape[n], c.ranks[n])
					d.Quotients(num, den, l, n, m)
					requireNear(t, want.num[n].Data, num.Data, eps, 0, name)
					requireNear(t, want.den[n].Data, den.Data, eps, 0, name)
					d.Quotients(num, nil, l, n, m)
					requireNear(t, want.num[n].Data, num.Data, eps, 0, name)
				}
				gotD, gotS := d.Loss(l, m)
				require.InEpsilon(t, before.divergence, gotD, eps, name)
				require.InEpsilon(t, before.squares, gotS, eps, name)
				for n := range order + 1 {
					check(n, before)
				}
				if beta != 1 {
					continue
				}
				// What changes is noticed, whatever was at hand.
				for n := range order + 1 {
					check((n+1)%(order+1), before)
					block := m.Core.Data
					if n < order {
						block = m.Factors[n].Data
					}
					block[0] *= 2
					d.Changed(n)
					check((n+2)%(order+1), naiveTuckerPass(x, mask, m, l, scale, floor))
					block[0] /= 2
					d.Reset()
				}
			}
		}
	}
}

func TestTuckerPassesLeaveModesAlone(t *testing.T) {
	x, m := tuckerProblem[float64]([]int{6, 5, 40}, []int{3, 2, 4})
	for kept := range 3 {
		ranks := append([]int(nil), m.Core.Shape...)
		ranks[kept] = x.Shape[kept]
		_, part := tuckerProblem[float64](x.Shape, ranks)
		full := tensor.Tucker[float64]{Core: part.Core, Factors: append([]*matrix.Dense[float64](nil), part.Factors...)}
		part.Factors[kept] = nil
		unit := matrix.New[float64](x.Shape[kept], x.Shape[kept])
		for i := range unit.Rows {
			unit.Set(i, i, 1)
		}
		full.Factors[kept] = unit
		is := make([]bool, 3)
		is[kept] = true
		d := data.NewTucker(nil, x, data.TuckerKind{Ranks: ranks, Alone: is}, 1, 0)
		require.NotEqual(t, kept, d.Along())
		want := naiveTuckerPass(x, nil, full, loss.KL, 1, 0)
		for n := range 3 {
			if n == kept {
				continue
			}
			num := matrix.New[float64](x.Shape[n], ranks[n])
			d.Quotients(num, nil, loss.KL, n, part)
			for i, v := range want.num[n].Data {
				require.InEpsilon(t, v, num.Data[i], 1e-12)
			}
		}
		num := tensor.New[float64](ranks...)
		d.CoreQuotients(num, nil, loss.KL, part)
		for i, v := range want.core {
			require.InEpsilon(t, v, num.Data[i], 1e-12)
		}
		got, _ := d.Loss(loss.KL, part)
		require.InEpsilon(t, want.divergence, got, 1e-12)
	}
}

func TestTuckerWorkersGiveTheSameBitsAndAllocateNothing(t *testing.T) {
	both(t, testTuckerWorkers[float32], testTuckerWorkers[float64])
}

func testTuckerWorkers[T asm.Float](t *testing.T) {
	shape, ranks := []int{40, 30, 70}, []int{6, 5, 4}
	x, m := tuckerProblem[T](shape, ranks)
	for along := range shape {
		for _, beta := range []float64{0, 1, 2.5} {
			var first [][]T
			l := loss.Beta(beta)
			for workers := 1; workers <= 3; workers++ {
				pool := par.New(workers)
				d := data.NewTuckerAlong(pool, x, nil, ranks, along, 1, 0)
				var all [][]T
				for mode := range shape {
					num, den := matrix.New[T](shape[mode], ranks[mode]), matrix.New[T](shape[mode], ranks[mode])
					d.Quotients(num, den, l, mode, m)
					all = append(all, num.Data, den.Data)
				}
				num, den := tensor.New[T](ranks...), tensor.New[T](ranks...)
				d.CoreQuotients(num, den, l, m)
				a, b := d.Loss(l, m)
				all = append(all, num.Data, den.Data, []T{T(a), T(b)})
				if workers == 1 {
					first = all
				}
				require.Equal(t, first, all)
				if workers == 2 {
					fnum, fden := matrix.New[T](shape[1], ranks[1]), matrix.New[T](shape[1], ranks[1])
					require.Zero(t, testing.AllocsPerRun(2, func() {
						for n := range 4 {
							d.Changed(n)
						}
						d.Quotients(fnum, fden, l, 1, m)
						d.CoreQuotients(num, den, l, m)
						d.Loss(l, m)
					}))
				}
				pool.Close()
			}
		}
	}
}

func TestTuckerGoesAlongTheModeOfLeastWork(t *testing.T) {
	for _, c := range []struct {
		shape, ranks []int
		along        int
	}{
		{[]int{200, 200, 200}, []int{16, 16, 16}, 2}, {[]int{200, 200, 200}, []int{4, 16, 16}, 0},
		{[]int{200, 200, 200}, []int{40, 8, 40}, 1}, {[]int{300, 300, 3}, []int{10, 10, 3}, 0},
	} {
		x := tensor.New[float64](c.shape...)
		require.Equal(t, c.along, data.NewTucker(nil, x, data.TuckerKind{Ranks: c.ranks}, 1, 0).Along(), "%v %v", c.shape, c.ranks)
	}
}
