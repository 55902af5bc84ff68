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
	if t.Rows == nil {
		buffer := borrow(window)
		width, step, total := lines(b.X, chunk)
		for o := 0; o < total; o += step {
			s += powerSum(b.X.Data[o:min(o+width, total)], t.Degree, *buffer)
		}
		buffers.Put(buffer)
		return s
	}
	if b.Trans {
		for i := 0; i < b.X.Rows; i++ {
			row := b.X.Row(i)
			for j, w := range t.Rows {
				s += w * power(float64(row[j]), t.Degree)
			}
		}
		return s
	}
	buffer := borrow(window)
	for i, w := range t.Rows {
		s += w * powerSum(b.X.Row(i), t.Degree, *buffer)
	}
	buffers.Put(buffer)
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

// Clear makes entries of at most eps zero, where eps > 0: it takes the floor of
// a multiplicative update for the zero that it stands for. The block must be
// nonnegative.
func (b Block[T]) Clear(eps T) {
	if eps <= 0 {
		return
	}
	ker := asm.For[T]()
	width, step, total := lines(b.X, chunk)
	for o := 0; o < total; o += step {
		end := min(o+width, total)
		for from := o; from < end; from += window {
			x := b.X.Data[from:min(from+window, end)]
			if lo, _, _ := ker.Scan(x); lo > eps {
				continue // as nearly everywhere
			}
			for k, v := range x {
				if v <= eps && (b.Frozen == nil || !b.frozen((from+k)/b.X.Stride, (from+k)%b.X.Stride)) {
					x[k] = 0
				}
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
	if b.Frozen == nil {
		ker := asm.For[T]()
		width, step, total := lines(b.X, chunk)
		for o := 0; o < total; o += step {
			x := b.X.Data[o:min(o+width, total)]
			for j := 0; j < len(x); j += chunk {
				ker.Clamp(x[j:min(j+chunk, len(x))], eps)
			}
		}
		return
	}
	for i := 0; i < b.X.Rows; i++ {
		row := b.X.Row(i)
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
