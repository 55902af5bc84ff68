package data

import (
	"slices"

	"polyad/asm"
	"polyad/internal/par"
	"polyad/matrix"
	"polyad/reg"
	"polyad/tensor"
)

// projections computes the data projected onto the factors of all modes but one,
//
//	P_n = X ×_{k≠n} F_kᵀ,
//
// for one mode after the other, each with the latest factors. The products are
// made one mode at a time and kept, X ×_a F_aᵀ, (X ×_a F_aᵀ) ×_b F_bᵀ, …; those
// are used again that contain neither mode n nor a factor that has changed since.
// The first product costs 2·|X|·J_a flops and the others are small where the model
// is, so what matters is how often it is made anew. There are two good orders:
//
//   - the mode that was updated last goes first. It stays as it is for N-1
//     updates, so that there are N/(N-1) first products a sweep, along each mode
//     in turn (after tensor.Tree);
//   - the mode of the smallest rank goes first, and where that is the one that is
//     updated, the one of the second smallest: two first products a sweep.
//
// Whichever costs less is taken. Factors that never change come first and are
// multiplied once.
type projections[T asm.Float] struct {
	pool   *par.Pool
	x      *tensor.Dense[T]
	ranks  []int
	alone  []bool // modes without a factor; nil: none
	never  []bool // modes whose factor does not change; nil: none
	cheap  bool   // the second order
	first  [2]int // its modes
	clock  []int  // when each mode's factor changed
	now    int
	levels []level[T] // in use
	all    []level[T] // as many as there may be
	order  []int      // of the modes that are to come
	work   tensor.Work[T]
	by     []float64 // scales of the columns of a level
}

// level is the product of the one below it with the factor of a mode.
type level[T asm.Float] struct {
	mode int
	out  tensor.Dense[T]
	data []T
}

func newProjections[T asm.Float](pool *par.Pool, x *tensor.Dense[T], ranks []int, alone, never []bool) *projections[T] {
	n := len(ranks)
	c := &projections[T]{pool: pool, x: x, ranks: ranks, alone: alone, never: never, clock: make([]int, n), all: make([]level[T], n)}
	c.choose()
	c.reserve()
	c.reset()
	return c
}

// has reports whether a mode has a factor.
func (c *projections[T]) has(n int) bool { return c.alone == nil || !c.alone[n] }

// stays reports whether the factor of a mode never changes.
func (c *projections[T]) stays(n int) bool { return c.never != nil && c.never[n] }

// choose takes the order that costs less, by the first products of a sweep.
func (c *projections[T]) choose() {
	var free []int
	sum := 0
	for n, j := range c.ranks {
		if c.has(n) && !c.stays(n) {
			free = append(free, n)
			sum += j
		}
	}
	if len(free) < 3 {
		return
	}
	slices.SortStableFunc(free, func(a, b int) int { return c.ranks[a] - c.ranks[b] })
	c.first = [2]int{free[0], free[1]}
	c.cheap = (c.ranks[free[0]]+c.ranks[free[1]])*(len(free)-1) < sum
}

// reserve makes room for the products of some sweeps, after which they repeat.
func (c *projections[T]) reserve() {
	c.reset()
	order := len(c.ranks)
	for range 2 * order {
		for n := 0; n <= order; n++ {
			if n < order && (!c.has(n) || c.stays(n)) {
				continue
			}
			c.keep(n)
			for _, m := range c.order {
				c.push(m)
			}
			if n < order {
				c.changed(n)
			}
		}
	}
}

// forget forgets all products, as the data have changed.
func (c *projections[T]) forget() { c.levels = c.all[:0] }

// reset forgets all products, and in which order the factors changed.
func (c *projections[T]) reset() {
	c.levels, c.now = c.all[:0], len(c.ranks)
	for n := range c.clock {
		c.clock[n] = n
	}
}

// changed says that the factor of a mode has changed.
func (c *projections[T]) changed(n int) {
	c.now++
	c.clock[n] = c.now
	c.drop(n)
}

// drop forgets the products with the factor of a mode.
func (c *projections[T]) drop(n int) {
	for k := range c.levels {
		if c.levels[k].mode == n {
			c.levels = c.levels[:k]
			return
		}
	}
}

// keep keeps the products that do not contain mode n and leaves in c.order which
// modes are still to come.
func (c *projections[T]) keep(n int) {
	c.drop(n)
	c.order = c.order[:0]
	for m := range c.ranks {
		if !c.has(m) || m == n || slices.ContainsFunc(c.levels, func(l level[T]) bool { return l.mode == m }) {
			continue
		}
		i := len(c.order)
		c.order = append(c.order, m)
		for ; i > 0 && c.before(m, c.order[i-1], n); i-- {
			c.order[i] = c.order[i-1]
		}
		c.order[i] = m
	}
}

// before reports whether mode a is multiplied before b for an update of mode n.
func (c *projections[T]) before(a, b, n int) bool {
	if c.stays(a) != c.stays(b) {
		return c.stays(a)
	}
	if c.cheap {
		lead := c.first[0]
		if n == lead {
			lead = c.first[1]
		}
		if a == lead || b == lead {
			return a == lead
		}
	}
	return c.clock[a] > c.clock[b]
}

// push adds the level of a mode, without computing it.
func (c *projections[T]) push(m int) *level[T] {
	from := c.x
	if k := len(c.levels); k > 0 {
		from = &c.levels[k-1].out
	}
	c.levels = c.all[:len(c.levels)+1]
	l := &c.levels[len(c.levels)-1]
	l.mode = m
	l.out.Shape = append(l.out.Shape[:0], from.Shape...)
	l.out.Shape[m] = c.ranks[m]
	l.out.Strides = append(l.out.Strides[:0], l.out.Shape...)
	step := 1
	for n := len(l.out.Shape) - 1; n >= 0; n-- {
		l.out.Strides[n] = step
		step *= l.out.Shape[n]
	}
	if len(l.data) < step {
		l.data = make([]T, step)
	}
	l.out.Data = l.data[:step]
	return l
}

// product returns P_n for the factors f, or for n = N the data projected onto all
// of them. It is valid until the next call, and must not be written.
func (c *projections[T]) product(n int, f []*matrix.Dense[T]) *tensor.Dense[T] {
	c.keep(n)
	for _, m := range c.order {
		from := c.x
		if k := len(c.levels); k > 0 {
			from = &c.levels[k-1].out
		}
		l := c.push(m)
		c.work.ModeProductTo(c.pool, &l.out, from, f[m], m, true)
	}
	if len(c.levels) == 0 {
		return c.x
	}
	return &c.levels[len(c.levels)-1].out
}

// scaled says that the columns of the factor of a mode were multiplied by s.
func (c *projections[T]) scaled(n int, s []float64) {
	const long = 32 // rows that are worth a call
	ker, inside := asm.For[T](), false
	for k := range c.levels {
		level := &c.levels[k]
		if inside = inside || level.mode == n; !inside {
			continue
		}
		l, j, r := level.out.Split(n)
		if r < long {
			c.by = c.by[:0]
			for _, f := range s {
				for range r {
					c.by = append(c.by, f)
				}
			}
			reg.ScaleColumns(&matrix.Dense[T]{Rows: l, Cols: j * r, Stride: j * r, Data: level.out.Data}, c.by)
			continue
		}
		for i := range l * j {
			row := level.out.Data[i*r : (i+1)*r]
			for k := 0; k < r; k += scaledChunk {
				ker.Scale(row[k:min(k+scaledChunk, r)], T(s[i%j]))
			}
		}
	}
}

// scaledChunk is how many numbers a kernel gets at once, some microseconds.
const scaledChunk = 8192
