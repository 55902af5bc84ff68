package reg

import (
	"math"
	"slices"
	"sync"

	"polyad/asm"
	"polyad/matrix"
)

// Passes over a block go along its memory. Where the components are the columns
// of a narrow matrix whose rows lie one behind the other, some rows are taken for
// one row of some hundred entries, each of which has a sum or a scale of its own:
//
//	s[j] += |x[i·width+j]|^p,   then Σ_i |x_iq|^p = s[q] + s[q+r] + s[q+2r] + …

const (
	// window is how many entries have sums or scales of their own, which stay in
	// the nearest cache.
	window = 512
	// chunk is how many numbers a kernel gets at once: some microseconds, within
	// which it cannot be interrupted.
	chunk = 8192
)

// buffers holds memory for sums and scales.
var buffers sync.Pool

// borrow returns n numbers, which may be anything.
func borrow(n int) *[]float64 {
	b, _ := buffers.Get().(*[]float64)
	if b == nil {
		b = new([]float64)
	}
	if cap(*b) < n {
		*b = make([]float64, max(n, window))
	}
	*b = (*b)[:n]
	return b
}

// joined returns how many entries of rows of r are taken at once: whole vectors
// where r allows.
func joined(r int) int {
	n := window / max(r, 1)
	if n > 8 {
		n -= n % 8
	}
	return max(n, 1) * r
}

// lines cuts a matrix into pieces of its memory, [o, min(o+width, total)) for o
// = 0, step, 2·step, …: its rows, or such of the given width where they lie one
// behind the other.
func lines[T asm.Float](m *matrix.Dense[T], long int) (width, step, total int) {
	switch {
	case m.Rows == 0 || m.Cols == 0:
		return 0, 1, 0
	case m.Stride == m.Cols:
		return long, long, m.Rows * m.Cols
	default:
		return m.Cols, m.Stride, (m.Rows-1)*m.Stride + m.Cols
	}
}

// powerSum returns Σ |x|^p; buffer has a window.
func powerSum[T asm.Float](x []T, p float64, buffer []float64) (s float64) {
	switch p {
	case 1:
		ker := asm.For[T]()
		sum := buffer[:min(window, len(x))]
		clear(sum)
		for j := 0; j < len(x); j += window {
			ker.AddAbs(sum, x[j:min(j+window, len(x))])
		}
		return asm.For[float64]().Sum(sum)
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

// sums writes Σ_i |x_iq|^p for each component q, p being 1 or 2.
func (b Block[T]) sums(sum []float64, p float64) {
	r := len(sum)
	if b.Trans {
		buffer := borrow(window)
		for q := range sum {
			sum[q] = powerSum(b.X.Row(q), p, *buffer)
		}
		buffers.Put(buffer)
		return
	}
	buffer := borrow(joined(r))
	s := *buffer
	clear(s)
	add := asm.For[T]().AddAbs
	if p == 2 {
		add = asm.For[T]().AddSquares
	}
	width, step, total := lines(b.X, len(s))
	for o := 0; o < total; o += step {
		x := b.X.Data[o:min(o+width, total)]
		for j := 0; j < len(x); j += chunk {
			end := min(j+chunk, len(x))
			add(s[j:end], x[j:end])
		}
	}
	copy(sum, s[:r])
	for j := r; j < len(s); j += max(r, 1) {
		for q, v := range s[j : j+r] {
			sum[q] += v
		}
	}
	buffers.Put(buffer)
}

// ColumnsTo is Columns into what [NewColumns] made, given the active terms of
// the block's penalty; after the first time it allocates nothing. Sums that
// overflow or underflow are taken over the entries divided by the largest one
// that counts.
func (b Block[T]) ColumnsTo(c *Columns, active Penalty) {
	fast := len(active) > 0 && !slices.ContainsFunc(active, func(t Term) bool {
		return t.Rows != nil || t.Degree != 1 && t.Degree != 2
	})
	for k, t := range active {
		if fast {
			b.sums(c.Log[k], t.Degree)
		}
	}
	for q := range c.Zero {
		if !fast || !logarithms[T](c, active, q) {
			b.columnTo(c, active, q)
		}
	}
}

// logarithms makes what is to be told of component q of its sums, unless some is
// out of range.
func logarithms[T asm.Float](c *Columns, active Penalty, q int) bool {
	const least = 0x1p-960 // beside a larger sum squares that underflow do not count
	for k, t := range active {
		switch s := c.Log[k][q]; {
		case s == 0 && (t.Degree == 1 || asm.SizeOf[T]() == 4):
			c.Zero[q], c.Log[k][q] = true, math.Inf(-1)
		case (s >= least || t.Degree == 1) && s <= math.MaxFloat64:
			c.Zero[q], c.Log[k][q] = false, math.Log(t.Weight)+math.Log(s)
		default:
			return false
		}
	}
	return true
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

// columnTo is ColumnsTo for one component, for all terms and magnitudes.
func (b Block[T]) columnTo(c *Columns, active Penalty, q int) {
	length := b.Len()
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

// Scale multiplies component q by exp(log[q]); -Inf makes it zero.
func (b Block[T]) Scale(log []float64) {
	r, length, some := len(log), b.Len(), false
	buffer := borrow(r + window)
	s, same := (*buffer)[:r], (*buffer)[r:]
	for q, l := range log {
		f, ok := scale[T](l)
		if s[q] = f; !ok {
			// The factor is out of range where the product need not be.
			x, step := b.component(q)
			for i := 0; i < length; i++ {
				if v := float64(x[i*step]); v != 0 {
					x[i*step] = T(math.Copysign(math.Exp(l+math.Log(math.Abs(v))), v))
				}
			}
		}
		some = some || f != 1
	}
	switch {
	case !some:
	case b.Trans:
		by := asm.For[T]().ScaleBy
		for q, f := range s {
			if f == 1 {
				continue
			}
			for j := range same {
				same[j] = f
			}
			row := b.X.Row(q)
			for j := 0; j < length; j += window {
				by(row[j:min(j+window, length)], same)
			}
		}
	default:
		ScaleColumns(b.X, s)
	}
	buffers.Put(buffer)
}

// ScaleColumns multiplies column q of x (m x r) by s[q], of which there are r, in
// float64 and in place, so that each entry is rounded once. Cost m·r flops.
func ScaleColumns[T asm.Float](x *matrix.Dense[T], s []float64) {
	r := len(s)
	buffer := borrow(joined(r))
	w, by := *buffer, asm.For[T]().ScaleBy
	for j := 0; j < len(w); j += r {
		copy(w[j:j+r], s)
	}
	width, step, total := lines(x, len(w))
	for o := 0; o < total; o += step {
		x := x.Data[o:min(o+width, total)]
		for j := 0; j < len(x); j += chunk {
			end := min(j+chunk, len(x))
			by(x[j:end], w[j:end])
		}
	}
	buffers.Put(buffer)
}

// scale returns exp(log), 1 where multiplying by it changes nothing. Where it is
// out of range ok is false and it is 1, too.
func scale[T asm.Float](log float64) (f float64, ok bool) {
	const smallest = 0x1p-1022 // below it a factor has lost digits
	switch f = math.Exp(log); {
	case math.IsInf(log, -1):
		return 0, true
	case f < smallest || math.IsInf(f, 1):
		return 1, false
	case asm.SizeOf[T]() == 4 && math.Abs(f-1) < 0x1p-25: // less than half a unit in the last place
		return 1, true
	}
	return f, true
}
