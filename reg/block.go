package reg

import (
	"math"

	"polyad/asm"
	"polyad/matrix"
)

// Block is a factor together with its penalty. The components of the factor
// are its columns (X is I x r), or its rows when Trans is set (X is r x I, such
// as nmf's H); row weights of the penalty go along I in both cases.
type Block[T asm.Float] struct {
	X       *matrix.Dense[T]
	Trans   bool
	Penalty Penalty
	// Frozen marks components that are not to be touched by Clear, Floor and
	// balancing; nil: none.
	Frozen []bool
}

// Columns holds the value of each term of a penalty per component, weights
// included, as logarithms: Log[t][q] = log(mu_t Σ_i rows_i |x_iq|^p_t), -Inf
// where that is 0. Degree[t] is p_t. Zero[q] says that component q is zero in
// this block.
type Columns struct {
	Degree []float64
	Log    [][]float64
	Zero   []bool
}

// Components returns the number of components r.
func (b Block[T]) Components() int {
	if b.Trans {
		return b.X.Rows
	}
	return b.X.Cols
}

// Len returns the length I of a component.
func (b Block[T]) Len() int {
	if b.Trans {
		return b.X.Cols
	}
	return b.X.Rows
}

// Value returns the penalty of the block.
func (b Block[T]) Value() float64 {
	var s float64
	for _, t := range b.Penalty {
		if t.Weight != 0 {
			s += t.Weight * b.term(t)
		}
	}
	return s
}

func (b Block[T]) term(t Term) float64 {
	var s float64
	for i := 0; i < b.X.Rows; i++ {
		row := b.X.Row(i)
		switch {
		case t.Rows == nil:
			s += powerSum(row, t.Degree)
		case b.Trans:
			for j, w := range t.Rows {
				s += w * power(float64(row[j]), t.Degree)
			}
		default:
			s += t.Rows[i] * powerSum(row, t.Degree)
		}
	}
	return s
}

func power(x, p float64) float64 {
	switch p {
	case 1:
		return math.Abs(x)
	case 2:
		return x * x
	default:
		return math.Pow(math.Abs(x), p)
	}
}

// chunk is how many numbers a kernel gets at once: some microseconds, within
// which it cannot be interrupted.
const chunk = 8192

func powerSum[T asm.Float](x []T, p float64) float64 {
	var s float64
	switch p {
	case 1:
		for _, v := range x {
			s += math.Abs(float64(v))
		}
	case 2:
		ker := asm.For[T]()
		for j := 0; j < len(x); j += chunk {
			s += ker.SumSquares(x[j:min(j+chunk, len(x))])
		}
	default:
		for _, v := range x {
			s += math.Pow(math.Abs(float64(v)), p)
		}
	}
	return s
}

// NewColumns returns a Columns for r components with the terms of p that are
// active.
func NewColumns(p Penalty, r int) *Columns {
	c := &Columns{Zero: make([]bool, r)}
	for _, t := range p.Active() {
		c.Degree = append(c.Degree, t.Degree)
		c.Log = append(c.Log, make([]float64, r))
	}
	return c
}

// Columns returns the penalty of each component.
func (b Block[T]) Columns() *Columns {
	c := NewColumns(b.Penalty, b.Components())
	b.ColumnsTo(c, b.Penalty.Active())
	return c
}

// component returns the memory of component q, whose entry i is x[i*step].
func (b Block[T]) component(q int) (x []T, step int) {
	switch {
	case b.Len() == 0:
		return nil, 1
	case b.Trans:
		return b.X.Row(q), 1
	default:
		return b.X.Data[q:], b.X.Stride
	}
}

// ColumnsTo is Columns into what [NewColumns] made, given the active terms of
// the block's penalty; it allocates nothing. Sums are taken over the entries
// divided by the largest one that counts, so that they neither overflow nor
// underflow.
func (b Block[T]) ColumnsTo(c *Columns, active Penalty) {
	length := b.Len()
	for q := range c.Zero {
		x, step := b.component(q)
		var largest float64
		for i := 0; i < length; i++ {
			largest = max(largest, math.Abs(float64(x[i*step])))
		}
		c.Zero[q] = largest == 0
		for k, t := range active {
			top := largest
			if t.Rows != nil {
				top = 0
				for i, w := range t.Rows {
					if w > 0 {
						top = max(top, math.Abs(float64(x[i*step])))
					}
				}
			}
			if top == 0 {
				c.Log[k][q] = math.Inf(-1)
				continue
			}
			var s float64
			for i := 0; i < length; i++ {
				switch {
				case t.Rows == nil:
					s += power(float64(x[i*step])/top, t.Degree)
				case t.Rows[i] > 0:
					s += t.Rows[i] * power(float64(x[i*step])/top, t.Degree)
				}
			}
			c.Log[k][q] = math.Log(t.Weight) + math.Log(s) + t.Degree*math.Log(top)
		}
	}
}

// Scale multiplies component q by exp(log[q]); -Inf makes it zero.
func (b Block[T]) Scale(log []float64) {
	const smallest = 0x1p-1022 // below it a factor has lost digits
	length := b.Len()
	for q, l := range log {
		if l == 0 {
			continue
		}
		x, step := b.component(q)
		f := math.Exp(l)
		if f < smallest || math.IsInf(f, 1) {
			// The factor is out of range where the product need not be.
			for i := 0; i < length; i++ {
				if v := float64(x[i*step]); v != 0 {
					x[i*step] = T(math.Copysign(math.Exp(l+math.Log(math.Abs(v))), v))
				}
			}
			continue
		}
		for i := 0; i < length; i++ {
			x[i*step] = T(float64(x[i*step]) * f)
		}
	}
}

// Clear makes entries of at most eps zero, where eps > 0: it takes the floor of
// a multiplicative update for the zero that it stands for. The block must be
// nonnegative.
func (b Block[T]) Clear(eps T) {
	if eps <= 0 {
		return
	}
	for i := 0; i < b.X.Rows; i++ {
		row := b.X.Row(i)
		for j, v := range row {
			if v <= eps && !b.frozen(i, j) {
				row[j] = 0
			}
		}
	}
}

// frozen reports whether entry (i, j) belongs to a frozen component.
func (b Block[T]) frozen(i, j int) bool {
	if b.Trans {
		j = i
	}
	return b.Frozen != nil && b.Frozen[j]
}

// Floor raises entries below eps to eps, where eps > 0, but for frozen ones.
func (b Block[T]) Floor(eps T) {
	if eps <= 0 {
		return
	}
	ker := asm.For[T]()
	for i := 0; i < b.X.Rows; i++ {
		row := b.X.Row(i)
		if b.Frozen == nil {
			for j := 0; j < len(row); j += chunk {
				ker.Clamp(row[j:min(j+chunk, len(row))], eps)
			}
			continue
		}
		for j, v := range row {
			if v < eps && !b.frozen(i, j) {
				row[j] = eps
			}
		}
	}
}

// Empty reports for each component whether all its entries are at most eps.
func (b Block[T]) Empty(eps T) []bool {
	empty := make([]bool, b.Components())
	for q := range empty {
		empty[q] = true
	}
	for i := 0; i < b.X.Rows; i++ {
		for j, v := range b.X.Row(i) {
			if v > eps || -v > eps || v != v {
				if b.Trans {
					empty[i] = false
				} else {
					empty[j] = false
				}
			}
		}
	}
	return empty
}
