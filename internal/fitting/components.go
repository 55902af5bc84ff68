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

// Energies returns the logarithm of the norm of each component's array, |w_q|·Π_n
// ||f_nq||, -Inf for components that are zero; nil weights are ones.
func Energies[T asm.Float](weights []float64, factors []*matrix.Dense[T]) []float64 {
	log := make([]float64, factors[0].Cols)
	for q := range log {
		if weights != nil {
			log[q] = SizeOf(math.Abs(weights[q])).Log()
		}
		for _, f := range factors {
			log[q] += ColumnSize(f, q, false).Log()
		}
		if log[q] != log[q] { // zero times infinity
			log[q] = math.Inf(-1)
		}
	}
	return log
}

// Congruence returns the cosines of the angles between the arrays of the components,
// r x r: the products over the modes of the cosines between their columns (Tucker's
// congruence), with the signs of the weights. Those with a component that is zero are 0.
// Cost Σ I_n·r² flops.
func Congruence[T asm.Float](weights []float64, factors []*matrix.Dense[T]) *matrix.Dense[float64] {
	r := factors[0].Cols
	all, gram := matrix.New[float64](r, r), matrix.New[float64](r, r)
	sign := make([]float64, r)
	for q := range sign {
		if sign[q] = 1; weights != nil && weights[q] != 0 {
			sign[q] = math.Copysign(1, weights[q])
		} else if weights != nil {
			sign[q] = 0
		}
	}
	for p := range r {
		for q := range r {
			all.Set(p, q, sign[p]*sign[q])
		}
	}
	for _, f := range factors {
		unit := f.Clone()
		for q := range r {
			DivideColumn(unit, q, ColumnSize(unit, q, false))
		}
		matrix.Gram(nil, gram, unit, false)
		for i, v := range gram.Data {
			all.Data[i] *= v
		}
	}
	return all
}

// Shares returns each component's part of a model, ⟨Y_q, Y⟩/||Y||², where Y_q is its
// array and Y their sum: they add up to 1, and are negative for components that others
// cancel. Those of a model that is zero are 0. Cost Σ I_n·r² flops.
func Shares[T asm.Float](weights []float64, factors []*matrix.Dense[T]) []float64 {
	c, log := Congruence(weights, factors), Energies(weights, factors)
	top := math.Inf(-1)
	for _, l := range log {
		top = max(top, l)
	}
	shares, sum := make([]float64, len(log)), 0.0
	for q := range shares {
		for p := range shares {
			if e := log[p] + log[q] - 2*top; e > -700 {
				shares[q] += c.At(q, p) * math.Exp(e)
			}
		}
		sum += shares[q]
	}
	for q := range shares {
		if sum > 0 {
			shares[q] /= sum
		}
	}
	return shares
}
