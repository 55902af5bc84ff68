package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"polyad/matrix"
	"polyad/ndio"
)

// leadingCount is how many entries of each component a page names.
const leadingCount = 5

// Leading returns the rows of the largest magnitudes in column q of x, the largest
// first and at most count, and their shares of the sum of all magnitudes of the column.
// Zeros lead nothing.
func Leading(x *matrix.Dense[float64], q, count int) (rows []int, shares []float64) {
	most, sum := 0.0, 0.0
	for i := range x.Rows {
		if v := math.Abs(x.At(i, q)); v > 0 {
			rows = append(rows, i)
			most = max(most, v)
		}
	}
	for _, i := range rows {
		sum += math.Abs(x.At(i, q)) / most
	}
	slices.SortStableFunc(rows, func(a, b int) int { return cmp.Compare(math.Abs(x.At(b, q)), math.Abs(x.At(a, q))) })
	rows = rows[:min(count, len(rows))]
	for _, i := range rows {
		shares = append(shares, math.Abs(x.At(i, q))/most/sum)
	}
	return rows, shares
}

// leadingView is a component with what leads it, as text.
type leadingView struct {
	Component int
	Entries   string
}

// leading names what leads every component of a factor, a component per row of x;
// nothing when the axis names nothing.
func leading(x *matrix.Dense[float64], axis ndio.Axis) (list []leadingView) {
	if axis.IsZero() {
		return nil
	}
	columns := x.Transpose()
	for q := range columns.Cols {
		var parts []string
		rows, shares := Leading(columns, q, leadingCount)
		for k, i := range rows {
			label := axis.Label(i)
			if label == "" {
				label = fmt.Sprint(i)
			}
			parts = append(parts, fmt.Sprintf("%s (%s)", Shortened(label, widestLabel), Percent(shares[k])))
		}
		if parts == nil {
			parts = []string{"nothing but zeros"}
		}
		list = append(list, leadingView{q, strings.Join(parts, ", ")})
	}
	return list
}

// widestLabel is the number of letters of a name that a page shows.
const widestLabel = 60

// Shortened cuts a text that has more than so many letters.
func Shortened(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return strings.TrimSpace(string([]rune(s)[:most-1])) + "…"
}

// axisOf returns what is known of a mode.
func axisOf(axes []ndio.Axis, mode int) ndio.Axis {
	if mode < len(axes) {
		return axes[mode]
	}
	return ndio.Axis{}
}
