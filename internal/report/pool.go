package report

import (
	"gonum.org/v1/plot/plotter"

	"polyad/matrix"
)

// poolColumns returns x with at most most columns: column c holds the largest
// values of the columns that share its place. Nothing is copied when x is narrow
// enough.
func poolColumns(x *matrix.Dense[float64], most int) *matrix.Dense[float64] {
	if x.Cols <= most {
		return x
	}
	y := matrix.New[float64](x.Rows, most)
	for i := range x.Rows {
		poolMax(y.Row(i), x.Row(i))
	}
	return y
}

// poolMax writes into dst, the shorter one, the largest values of equal shares
// of src.
func poolMax(dst, src []float64) {
	n, m := len(src), len(dst)
	for c := range dst {
		from, to := c*n/m, (c+1)*n/m
		dst[c] = src[from]
		for _, v := range src[from+1 : to] {
			dst[c] = max(dst[c], v)
		}
	}
}

// envelope returns a curve with at most one point in each of n equal columns of
// [lo, hi]: the one with the largest y. The curve's x must rise and lie inside.
func envelope(curve plotter.XYs, lo, hi float64, n int) plotter.XYs {
	if len(curve) <= n {
		return curve
	}
	var out plotter.XYs
	column := -1
	for _, p := range curve {
		switch c := columnOf(p.X, lo, hi, n); {
		case c != column:
			out, column = append(out, p), c
		case p.Y > out[len(out)-1].Y:
			out[len(out)-1] = p
		}
	}
	return out
}

// extremes returns a curve with at most two points in each of n equal columns of
// [lo, hi], those with the smallest and the largest y in the order of x, and the
// curve's last point.
func extremes(curve plotter.XYs, lo, hi float64, n int) plotter.XYs {
	if len(curve) <= 2*n {
		return curve
	}
	var out plotter.XYs
	for from := 0; from < len(curve); {
		column := columnOf(curve[from].X, lo, hi, n)
		least, most, to := from, from, from+1
		for ; to < len(curve) && columnOf(curve[to].X, lo, hi, n) == column; to++ {
			if curve[to].Y < curve[least].Y {
				least = to
			}
			if curve[to].Y > curve[most].Y {
				most = to
			}
		}
		out = append(out, curve[min(least, most)])
		if least != most {
			out = append(out, curve[max(least, most)])
		}
		from = to
	}
	if last := curve[len(curve)-1]; out[len(out)-1] != last {
		out = append(out, last)
	}
	return out
}

func columnOf(x, lo, hi float64, n int) int {
	return max(0, min(int((x-lo)/(hi-lo)*float64(n)), n-1))
}
