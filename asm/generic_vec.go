package asm

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
