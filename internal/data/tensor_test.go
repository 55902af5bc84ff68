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
	"polyad/loss"
	"polyad/matrix"
	"polyad/tensor"
)

var (
	_ data.Tensor[float32] = (*data.DenseTensor[float32])(nil)
	_ data.Tensor[float64] = (*data.DenseTensor[float64])(nil)

	shapes = [][]int{{1, 1}, {3, 2}, {5, 70}, {70, 5}, {90, 80}, {4, 3, 5}, {1, 130, 2}, {20, 1, 66}, {18, 17, 70}, {3, 4, 2, 5}, {6, 5, 4, 65}, {2, 3, 2, 2, 40}, {2, 600}, {17, 2, 513}, {3, 2, 2, 520}}
)

// problem returns positive data and factors.
func problem[T asm.Float](shape []int, rank int) (x *tensor.Dense[T], f []*matrix.Dense[T]) {
	r := rand.New(rand.NewPCG(uint64(len(shape)), uint64(rank)))
	x = tensor.New[T](shape...)
	for i := range x.Data {
		x.Data[i] = T(.05 + r.Float64())
	}
	for _, n := range shape {
		m := matrix.New[T](n, rank)
		for i := range m.Data {
			m.Data[i] = T(.1 + r.Float64())
		}
		f = append(f, m)
	}
	return x, f
}

// wide returns the same in float64.
func wide[T asm.Float](x *tensor.Dense[T], f []*matrix.Dense[T]) (*tensor.Dense[float64], []*matrix.Dense[float64]) {
	y := tensor.New[float64](x.Shape...)
	for i, v := range x.Clone().Data {
		y.Data[i] = float64(v)
	}
	var g []*matrix.Dense[float64]
	for _, m := range f {
		g = append(g, matrix.Convert[float64](m))
	}
	return y, g
}

func TestTensorPassesMatchTheirDefinition(t *testing.T) {
	both(t, testTensorPasses[float32], testTensorPasses[float64])
}

func testTensorPasses[T asm.Float](t *testing.T) {
	const scale = .25
	for _, shape := range shapes {
		for _, rank := range []int{1, 3, 20} {
			x, f := problem[T](shape, rank)
			wx, wf := wide(x, f)
			y := tensor.CP[float64]{Factors: wf}.Reconstruct(nil)
			for _, beta := range betas {
				floor := 0.0
				if beta <= 0 {
					floor = .2
				}
				name := fmt.Sprintf("%v rank %d beta %g", shape, rank, beta)
				l := loss.Beta(beta)
				d := data.NewTensor(nil, x, rank, scale, floor, beta == 2)
				q, p := tensor.New[float64](shape...), tensor.New[float64](shape...)
				var divergence, squares float64
				for i, v := range wx.Data {
					v *= scale
					squares += (v - y.Data[i]) * (v - y.Data[i])
					v = max(v, floor*scale)
					divergence += l.Between(v, y.Data[i])
					q.Data[i] = v * math.Pow(y.Data[i], beta-2)
					p.Data[i] = math.Pow(y.Data[i], beta-1)
				}
				eps := 2000 * epsilon[T]()
				gotD, gotS := d.Loss(l, f)
				require.InEpsilon(t, divergence, gotD, eps, name)
				require.InEpsilon(t, squares, gotS, eps, name)
				for mode := range shape {
					num, den := matrix.New[T](shape[mode], rank), matrix.New[T](shape[mode], rank)
					d.Quotients(num, den, l, mode, f)
					want := matrix.New[float64](shape[mode], rank)
					tensor.MTTKRP(nil, want, q, wf, mode)
					requireNear(t, want.Data, num.Data, eps, 0, name)
					tensor.MTTKRP(nil, want, p, wf, mode)
					requireNear(t, want.Data, den.Data, eps, 0, name)
					if beta == 2 {
						d.MTTKRP(den, mode, f)
						requireNear(t, matrix.Convert[float64](num).Data, den.Data, eps, 0, name)
					}
				}
			}
		}
	}
}

func TestTensorViewsAndStats(t *testing.T) {
	x, f := problem[float64]([]int{9, 8, 70}, 3)
	keep := x.Clone()
	v := x.Permute(2, 0, 1)
	g := []*matrix.Dense[float64]{f[2], f[0], f[1]}
	for _, scale := range []float64{1, 2} {
		for _, products := range []bool{false, true} {
			d := data.NewTensor(nil, x, 3, scale, 0, products)
			e := data.NewTensor(nil, v, 3, scale, 0, products)
			a, _ := d.Loss(loss.KL, f)
			b, _ := e.Loss(loss.KL, g)
			require.InEpsilon(t, a, b, 1e-12)
			require.InEpsilon(t, d.Stats().Sum, e.Stats().Sum, 1e-13)
			require.Equal(t, d.Stats().Max, e.Stats().Max)
			require.Equal(t, []int{70, 9, 8}, e.Shape())
			d.Changed(0)
			d.Scaled(1, []float64{1, 1, 1})
		}
	}
	require.Equal(t, keep, x)
}

func TestTensorWorkersGiveTheSameBitsAndAllocateNothing(t *testing.T) {
	both(t, testTensorWorkers[float32], testTensorWorkers[float64])
}

func testTensorWorkers[T asm.Float](t *testing.T) {
	for _, shape := range [][]int{{40, 30, 70}, {30, 40, 3, 30}} {
		x, f := problem[T](shape, 5)
		for _, beta := range []float64{0, 1, 2, 2.5} {
			var first [][]T
			var losses [2]float64
			for workers := 1; workers <= 3; workers++ {
				pool := par.New(workers)
				d := data.NewTensor(pool, x, 5, 1, 0, beta == 2)
				var all [][]T
				a, b := d.Loss(loss.Beta(beta), f)
				for mode := range shape {
					num, den := matrix.New[T](shape[mode], 5), matrix.New[T](shape[mode], 5)
					d.Quotients(num, den, loss.Beta(beta), mode, f)
					all = append(all, num.Data, den.Data)
				}
				if workers == 1 {
					first, losses = all, [2]float64{a, b}
				}
				require.Equal(t, first, all)
				require.Equal(t, losses, [2]float64{a, b})
				num, den := matrix.New[T](shape[1], 5), matrix.New[T](shape[1], 5)
				require.Zero(t, testing.AllocsPerRun(2, func() {
					d.Quotients(num, den, loss.Beta(beta), 1, f)
					d.Loss(loss.Beta(beta), f)
				}))
				pool.Close()
			}
		}
	}
}
