package asm

import "math"

func hadamardGeneric[T Float](dst, x, y []T) {
	x, y = x[:len(dst)], y[:len(dst)]
	for j := range dst {
		dst[j] = x[j] * y[j]
	}
}

func hadamardAddGeneric[T Float](dst, x, y []T) {
	x, y = x[:len(dst)], y[:len(dst)]
	for j := range dst {
		dst[j] += T(x[j] * y[j])
	}
}

func scaleGeneric[T Float](x []T, a T) {
	for j := range x {
		x[j] *= a
	}
}

func scaleFloorGeneric[T Float](dst, src []T, scale, floor T) {
	src = src[:len(dst)]
	for j, s := range src {
		if s < floor {
			s = floor
		}
		dst[j] = s * scale
	}
}

func clampGeneric[T Float](x []T, lo T) {
	for j, v := range x {
		if v < lo {
			x[j] = lo
		}
	}
}

func selectGeneric[T Float](dst, src, w []T, other T) {
	src, w = src[:len(dst)], w[:len(dst)]
	for j := range dst {
		if w[j] != 0 {
			dst[j] = src[j]
		} else {
			dst[j] = other
		}
	}
}

func addAbsGeneric[T Float](sum []float64, x []T) {
	sum = sum[:len(x)]
	for j, v := range x {
		sum[j] += math.Abs(float64(v))
	}
}

func addSquaresGeneric[T Float](sum []float64, x []T) {
	sum = sum[:len(x)]
	for j, v := range x {
		sum[j] += float64(float64(v) * float64(v))
	}
}

func scaleByGeneric[T Float](x []T, s []float64) {
	s = s[:len(x)]
	for j, v := range x {
		x[j] = T(float64(v) * s[j])
	}
}

// transposeGeneric goes down 16 rows of src at a time, along rows of dst: two
// squares of 16 x 16 float64 fit the cache lines of a 4 KiB page.
func transposeGeneric[T Float](dst []T, dstRow int, src []T, srcRow, rows, cols int) {
	const side = 16
	for i0 := 0; i0 < rows; i0 += side {
		i1 := min(i0+side, rows)
		for j := range cols {
			to := dst[j*dstRow+i0 : j*dstRow+i1]
			o := i0*srcRow + j
			for i := range to {
				to[i] = src[o]
				o += srcRow
			}
		}
	}
}
