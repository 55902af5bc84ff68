package data_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/internal/data"
	"polyad/internal/par"
	"polyad/internal/racing"
	"polyad/loss"
	"polyad/matrix"
	"polyad/tensor"
)

// holes returns a mask by which a share of the entries is missing, but not the
// first one, and the whole of the first slice of the last mode if there are others.
func holes(seed uint64, share float64, shape ...int) *tensor.Mask {
	r := rand.New(rand.NewPCG(seed, 9))
	m := tensor.NewMask(shape...)
	last := shape[len(shape)-1]
	for i := range m.Len() {
		if i == last-1 || r.Float64() >= share && (i%last > 0 || last == 1) {
			m.Bits[i/64] |= 1 << (i % 64)
		}
	}
	return m
}

func seen(m *tensor.Mask, i int) bool { return m.Bits[i/64]>>(i%64)&1 != 0 }

// pass is all that a pass over data may give.
type pass[T asm.Float] struct {
	loss, squares float64
	products      []*matrix.Dense[T] // MTTKRP for β = 2, num and den of each mode
}

func passes[T asm.Float](d data.Tensor[T], l loss.Loss, f []*matrix.Dense[T]) (p pass[T]) {
	p.loss, p.squares = d.Loss(l, f)
	for mode := range f {
		num, den := matrix.New[T](f[mode].Dims()), matrix.New[T](f[mode].Dims())
		d.Quotients(num, den, l, mode, f)
		p.products = append(p.products, num, den)
		if l.Beta() == 2 {
			all := matrix.New[T](f[mode].Dims())
			d.MTTKRP(all, mode, f)
			p.products = append(p.products, all)
		}
	}
	return p
}

func TestMaskedTensorPassesMatchTheirDefinition(t *testing.T) {
	both(t, testMaskedTensor[float32], testMaskedTensor[float64])
}

func testMaskedTensor[T asm.Float](t *testing.T) {
	const scale = .25
	for k, shape := range shapes {
		if testing.Short() && k%3 > 0 {
			continue
		}
		rank := 1 + 3*(k/2%3)
		x, f := problem[T](shape, rank)
		wx, wf := wide(x, f)
		mask := holes(uint64(k), []float64{.3, .02, .9}[k%3], shape...)
		y := tensor.CP[float64]{Factors: wf}.Reconstruct(nil)
		for _, beta := range betas {
			floor := 0.0
			if beta <= 0 {
				floor = .2
			}
			name := fmt.Sprintf("%v rank %d beta %g", shape, rank, beta)
			l := loss.Beta(beta)
			q, p, all := tensor.New[float64](shape...), tensor.New[float64](shape...), y.Clone()
			var want pass[float64]
			stats := data.Stats{Min: math.Inf(1), Max: math.Inf(-1)}
			for i, v := range wx.Data {
				if !seen(mask, i) {
					continue
				}
				v *= scale
				want.squares += (v - y.Data[i]) * (v - y.Data[i])
				stats.Squares += v * v
				v = max(v, floor*scale)
				want.loss += l.Between(v, y.Data[i])
				q.Data[i], p.Data[i], all.Data[i] = v*math.Pow(y.Data[i], beta-2), math.Pow(y.Data[i], beta-1), v
				stats.Count++
				stats.Sum += v
				stats.Min, stats.Max = min(stats.Min, v), max(stats.Max, v)
			}
			for mode := range shape {
				for _, a := range []*tensor.Dense[float64]{q, p, all} {
					m := matrix.New[float64](shape[mode], rank)
					tensor.MTTKRP(nil, m, a, wf, mode)
					want.products = append(want.products, m)
				}
				if beta != 2 {
					want.products = want.products[:len(want.products)-1]
				}
			}
			eps := 2000 * epsilon[T]()
			var first pass[T]
			for i, behind := range []float64{0, math.NaN(), math.Inf(-1), 1e300, -3} {
				z := x.Clone()
				for i := range z.Data {
					if !seen(mask, i) {
						z.Data[i] = T(behind)
					}
				}
				d := data.NewMaskedTensor(nil, z, mask, rank, scale, floor)
				got := passes(data.Tensor[T](d), l, f)
				if i > 0 {
					require.Equal(t, first, got, "%s with %g behind the mask", name, behind)
					continue
				}
				first = got
				s := d.Stats()
				require.Equal(t, stats.Count, s.Count, name)
				for k, v := range []float64{stats.Sum, stats.Squares, stats.Min, stats.Max, want.loss, want.squares} {
					require.InEpsilon(t, v, []float64{s.Sum, s.Squares, s.Min, s.Max, got.loss, got.squares}[k], eps, name)
				}
				for k, m := range want.products {
					requireNear(t, m.Data, got.products[k].Data, eps, 1e-6, name)
				}
			}
		}
	}
}

func TestMaskedTensorsDoNotDependOnWorkersOrStrides(t *testing.T) {
	both(t, testMaskedTensorWorkers[float32], testMaskedTensorWorkers[float64])
}

func testMaskedTensorWorkers[T asm.Float](t *testing.T) {
	for _, shape := range [][]int{{40, 9, 70}, {3, 4, 5, 600}, {300, 5}} {
		x, f := problem[T](shape, 4)
		mask := holes(1, .3, shape...)
		swap := []int{1, 0, 2, 3}[:len(shape)]
		view := x.Permute(swap...).Clone().Permute(swap...)
		for _, l := range []loss.Loss{loss.Frobenius, loss.KL} {
			want := passes(data.Tensor[T](data.NewMaskedTensor(nil, x, mask, 4, 1, 0)), l, f)
			require.Equal(t, want, passes(data.Tensor[T](data.NewMaskedTensor(nil, view, mask, 4, 1, 0)), l, f))
			for workers := 2; workers <= 3; workers++ {
				pool := par.New(workers)
				require.Equal(t, want, passes(data.Tensor[T](data.NewMaskedTensor(pool, x, mask, 4, 1, 0)), l, f))
				pool.Close()
			}
		}
	}
}

func TestMaskedTensorPassesAllocateNothing(t *testing.T) {
	racing.CountsAllocations(t)
	x, f := problem[float64]([]int{30, 9, 70}, 4)
	pool := par.New(2)
	defer pool.Close()
	d := data.NewMaskedTensor(pool, x, holes(1, .3, x.Shape...), 4, .5, 0)
	num, den := matrix.New[float64](9, 4), matrix.New[float64](9, 4)
	one := func() {
		d.MTTKRP(num, 1, f)
		d.Quotients(num, den, loss.IS, 1, f)
		d.Loss(loss.KL, f)
	}
	one()
	require.Zero(t, testing.AllocsPerRun(5, one))
}
