package ndio

import (
	"fmt"
	"math"

	"polyad/tensor"
)

// triplets returns a remark when each row of a table looks like an entry of
// another one: whole numbers for its row and column, which come again and again,
// while pairs of them hardly do, and then its value.
func triplets(t *tensor.Dense[float64]) string {
	rows, cols := t.Shape[0], t.Shape[1]
	if rows < 4 || cols < 3 || cols > 4 {
		return ""
	}
	rows = min(rows, 1<<16)
	pairs := map[[2]float64]bool{}
	sides := [2]map[float64]bool{{}, {}}
	for i := range rows {
		pair := [2]float64(t.Data[i*cols:])
		for side, v := range pair {
			if !(v >= 0 && v == math.Trunc(v)) {
				return ""
			}
			sides[side][v] = true
		}
		pairs[pair] = true
	}
	m, n := len(sides[0]), len(sides[1])
	if m < 2 || n < 2 || 2*(m+n) >= 3*rows || 2*len(pairs) < rows {
		return ""
	}
	return fmt.Sprintf("took it as a matrix of %d columns, though each line may be an entry (row, column, value) of one of %d rows and %d columns; write such a table as a .mtx file",
		cols, m, n)
}
