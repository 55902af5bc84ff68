package tucker_test

import (
	"fmt"
	"testing"

	"polyad/tucker"
)

func BenchmarkHOOI(b *testing.B) {
	for _, w := range []int{1, 2} {
		b.Run(fmt.Sprintf("f64/%d", w), func(b *testing.B) { benchHOOI[float64](b, w) })
		b.Run(fmt.Sprintf("f32/%d", w), func(b *testing.B) { benchHOOI[float32](b, w) })
	}
}

func benchHOOI[T float32 | float64](b *testing.B, workers int) {
	x := noisy[T](1, []int{300, 300, 300}, []int{20, 20, 20}, false, 30)
	sweep, _, end := tucker.Sweeper(x, []int{20, 20, 20}, &tucker.Options{Workers: workers, Init: tucker.Random{}})
	defer end()
	for range 6 {
		sweep()
	}
	b.ResetTimer()
	for range b.N {
		sweep()
	}
}

func BenchmarkHOSVD(b *testing.B) {
	x := noisy[float64](1, []int{300, 300, 300}, []int{20, 20, 20}, false, 30)
	for _, w := range []int{1, 2} {
		b.Run(fmt.Sprintf("f64/%d", w), func(b *testing.B) {
			for range b.N {
				if _, err := tucker.HOSVD(ctx, x, []int{20, 20, 20}, &tucker.HOSVDOptions{Workers: w}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkHALS(b *testing.B) {
	for _, c := range []struct{ shape, ranks []int }{{[]int{428, 96, 100}, []int{32, 12, 10}}, {[]int{200, 200, 200}, []int{16, 16, 16}}} {
		x := noisy[float64](1, c.shape, c.ranks, true, 30)
		for _, w := range []int{1, 2} {
			b.Run(fmt.Sprintf("f64/%v/%d", c.shape, w), func(b *testing.B) {
				sweep, _, end := tucker.Sweeper(x, c.ranks, &tucker.Options{Workers: w, Method: tucker.HALS{}, Init: tucker.Random{}})
				defer end()
				b.ResetTimer()
				for range b.N {
					sweep()
				}
			})
		}
	}
}
