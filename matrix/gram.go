package matrix

// Gram writes XᵀX (r x r for X of shape I x r) into dst, or XXᵀ for X of shape
// r x I when rows is set. Sums are accumulated in float64 for both element
// types. It panics when dst is not r x r. Cost I·r·(r+1) flops.
func Gram[T Float](dst *Dense[float64], x *Dense[T], rows bool) {
	r := x.Cols
	if rows {
		r = x.Rows
	}
	if dst.Rows != r || dst.Cols != r {
		fail("Gram", "%d x %d for %d components", dst.Rows, dst.Cols, r)
	}
	if rows {
		for k := 0; k < r; k++ {
			a := x.Row(k)
			for l := 0; l <= k; l++ {
				dst.Data[k*dst.Stride+l] = dot64(a, x.Row(l))
			}
		}
	} else {
		dst.Zero()
		for i := 0; i < x.Rows; i++ {
			a := x.Row(i)
			for k, v := range a {
				if v == 0 {
					continue
				}
				d, f := dst.Data[k*dst.Stride:k*dst.Stride+k+1], float64(v)
				for l := range d {
					d[l] += f * float64(a[l])
				}
			}
		}
	}
	for k := 0; k < r; k++ {
		for l := 0; l < k; l++ {
			dst.Data[l*dst.Stride+k] = dst.Data[k*dst.Stride+l]
		}
	}
}

// Inner returns the inner product Σ a_ij·b_ij, accumulated in float64. It
// panics when the shapes differ.
func Inner[S, T Float](a *Dense[S], b *Dense[T]) float64 {
	if a.Rows != b.Rows || a.Cols != b.Cols {
		fail("Inner", "%d x %d and %d x %d", a.Rows, a.Cols, b.Rows, b.Cols)
	}
	var s float64
	for i := 0; i < a.Rows; i++ {
		s += dot64(a.Row(i), b.Row(i))
	}
	return s
}

func dot64[S, T Float](x []S, y []T) float64 {
	y = y[:len(x)]
	var s0, s1, s2, s3 float64
	j := 0
	for ; j+4 <= len(x); j += 4 {
		u, v := x[j:j+4:j+4], y[j:j+4:j+4]
		s0 += float64(u[0]) * float64(v[0])
		s1 += float64(u[1]) * float64(v[1])
		s2 += float64(u[2]) * float64(v[2])
		s3 += float64(u[3]) * float64(v[3])
	}
	for ; j < len(x); j++ {
		s0 += float64(x[j]) * float64(y[j])
	}
	return (s0 + s1) + (s2 + s3)
}

// Sum returns Σ m_ij, accumulated in float64.
func Sum[T Float](m *Dense[T]) float64 {
	var s float64
	for i := 0; i < m.Rows; i++ {
		for _, v := range m.Row(i) {
			s += float64(v)
		}
	}
	return s
}
