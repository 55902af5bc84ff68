package fitting

import (
	"math"
	"slices"

	"polyad/asm"
	"polyad/matrix"
)

// RelError returns the root of squared errors over the squares of the data, with
// 0/0 = 0.
func RelError(squares, all float64) float64 {
	if all == 0 {
		if squares == 0 {
			return 0
		}
		return 1
	}
	return math.Sqrt(squares / all)
}

// Order returns the components in the order of the sizes given, the largest first
// and equal ones in the order they have.
func Order(size []float64) (order []int) {
	for k := range size {
		order = append(order, k)
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case size[a] > size[b]:
			return -1
		case size[a] < size[b]:
			return 1
		}
		return 0
	})
	return order
}

// OrderColumns puts the columns of x into an order.
func OrderColumns[T asm.Float](x *matrix.Dense[T], order []int) {
	row := make([]T, len(order))
	for i := range x.Rows {
		to := x.Row(i)
		copy(row, to)
		for k, q := range order {
			to[k] = row[q]
		}
	}
}

// OrderFound puts what a result says of its components into an order: the β of
// each, if there are any, in place, and the list of pruned ones, which is returned.
func OrderFound(order []int, beta []float64, pruned []int) (now []int) {
	before := slices.Clone(beta)
	for k, q := range order {
		if before != nil {
			beta[k] = before[q]
		}
		if slices.Contains(pruned, q) {
			now = append(now, k)
		}
	}
	return now
}
