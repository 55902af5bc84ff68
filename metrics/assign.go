package metrics

import (
	"math"

	"polyad/matrix"
)

// Assign pairs rows with columns of a matrix so that the sum of the paired
// elements is as large as possible, no row or column being used twice and
// min(rows, cols) of them being paired. match[i] is the column of row i, or -1;
// total is the sum. NaN and -Inf are paired only where nothing else is
// left.
//
// It is the shortest augmenting path method (R. Jonker, A. Volgenant, A shortest
// augmenting path algorithm for dense and sparse linear assignment problems,
// Computing 38, 1987): one row after the other is added along a path of least
// reduced cost
//
//	-a_ij - u_i - v_j ≥ 0,
//
// where u and v are dual variables. Cost p²·q operations for p = min(rows, cols)
// and q the other side.
func Assign(a *matrix.Dense[float64]) (match []int, total float64) {
	if a.Rows > a.Cols {
		back, total := Assign(a.Transpose())
		match = make([]int, a.Rows)
		for i := range match {
			match[i] = -1
		}
		for j, i := range back {
			match[i] = j
		}
		return match, total
	}
	cost := costs(a)
	rows, cols := a.Rows, a.Cols
	u, v := make([]float64, rows), make([]float64, cols)
	owner := make([]int, cols) // the row of a column, or -1
	for j := range owner {
		owner[j] = -1
	}
	least, from := make([]float64, cols), make([]int, cols)
	done := make([]bool, cols)
	for row := range rows {
		for j := range cols {
			least[j], from[j], done[j] = math.Inf(1), -1, false
		}
		// The tree of cheapest paths from row grows until it meets a free column.
		last, i, reached := -1, row, 0.0
		for {
			best, at := math.Inf(1), -1
			for j, c := range cost.Row(i) {
				if done[j] {
					continue
				}
				if d := reached + c - u[i] - v[j]; d < least[j] {
					least[j], from[j] = d, last
				}
				if least[j] < best || at < 0 {
					best, at = least[j], j
				}
			}
			reached, last = best, at
			done[at] = true
			if i = owner[at]; i < 0 {
				break
			}
		}
		for j, ok := range done {
			if ok && owner[j] >= 0 {
				u[owner[j]] += reached - least[j]
				v[j] -= reached - least[j]
			}
		}
		u[row] += reached
		for j := last; j >= 0; j = from[j] {
			if from[j] < 0 {
				owner[j] = row
			} else {
				owner[j] = owner[from[j]]
			}
		}
	}
	match = make([]int, rows)
	for j, i := range owner {
		if i >= 0 {
			match[i] = j
		}
	}
	for i, j := range match {
		total += a.At(i, j)
	}
	return match, total
}

// costs returns -a, shifted and scaled into [0, 2], so that nothing overflows.
// +Inf is taken before everything finite, and what is no number or -Inf is left
// before even that is looked at.
func costs(a *matrix.Dense[float64]) *matrix.Dense[float64] {
	lo, hi := math.Inf(1), math.Inf(-1)
	for i := range a.Rows {
		for _, v := range a.Row(i) {
			if !math.IsInf(v, 0) && v == v {
				lo, hi = math.Min(lo, v), math.Max(hi, v)
			}
		}
	}
	span := hi/2 - lo/2 // half of the range, which does not overflow
	if !(span > 0) {
		span = 1
	}
	much := 2 * float64(a.Rows+1)
	c := matrix.New[float64](a.Rows, a.Cols)
	for i := range a.Rows {
		to := c.Row(i)
		for j, v := range a.Row(i) {
			switch {
			case v != v || math.IsInf(v, -1):
				to[j] = 2 * much * much
			case math.IsInf(v, 1):
				to[j] = -much
			default:
				to[j] = (hi/2 - v/2) / span
			}
		}
	}
	return c
}
