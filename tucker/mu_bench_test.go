package tucker_test

import (
	"testing"

	"polyad/loss"
	"polyad/reg"
	"polyad/tucker"
)

// BenchmarkMU makes sweeps for the Kullback-Leibler divergence, without the
// objective; the products take 0.763 and 2.23 GFLOP in the best order.
func BenchmarkMU(b *testing.B) {
	for _, c := range []struct {
		name         string
		shape, ranks []int
		balance      tucker.Balance
	}{
		{"428x96x100", []int{428, 96, 100}, []int{32, 12, 10}, tucker.BalanceNone},
		{"428x96x100/sinkhorn", []int{428, 96, 100}, []int{32, 12, 10}, tucker.BalanceSinkhorn},
		{"200x200x200", []int{200, 200, 200}, []int{16, 16, 16}, tucker.BalanceNone},
	} {
		o := tucker.Options{Loss: loss.KL, Init: tucker.Random{}, Workers: 1, Balance: c.balance}
		if c.balance != tucker.BalanceNone {
			o.Core, o.Factors = reg.L1(.1), tucker.Each(reg.L2(.1))
		}
		b.Run("f64/"+c.name, func(b *testing.B) { benchMU[float64](b, c.shape, c.ranks, o) })
		b.Run("f32/"+c.name, func(b *testing.B) { benchMU[float32](b, c.shape, c.ranks, o) })
	}
}

func benchMU[T float32 | float64](b *testing.B, shape, ranks []int, o tucker.Options) {
	x := noisy[T](1, shape, ranks, true, 30)
	sweep, end := tucker.OnlySweeps(x, ranks, &o)
	defer end()
	sweep()
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		sweep()
	}
}
