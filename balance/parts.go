package balance

import (
	"math"

	"polyad/asm"
	"polyad/matrix"
	"polyad/reg"
)

// Large blocks are cut between rows of their memory into parts, which workers
// share, at places that depend on the shape alone. The penalty of a component of
// which each part has some entries is the sum of those of the parts, in order.
const (
	partSize  = 1 << 17 // entries; smaller ones are done before all workers are there
	partsMost = 16
)

// part is the rows [from, to) of a block's memory, a block itself.
type part[T asm.Float] struct {
	reg.Block[T]
	block, from, to int
	active          reg.Penalty
	cols            *reg.Columns
	x               matrix.Dense[T] // X of this part
}

// split returns the parts of block number i. What a whole one tells of its columns
// goes to cols.
func split[T asm.Float](i int, b reg.Block[T], cols *reg.Columns) (parts []*part[T]) {
	rows := b.X.Rows
	n := max(1, min(rows*b.X.Cols/partSize, partsMost, rows))
	for k := range n {
		p := &part[T]{Block: b, block: i, from: rows * k / n, to: rows * (k + 1) / n, active: b.Penalty.Active(), cols: cols}
		p.X = &p.x
		if p.find(b.X); n > 1 {
			p.cols = reg.NewColumns(p.active, p.Components())
		}
		for k, t := range p.active {
			if t.Rows != nil && !b.Trans {
				p.active[k].Rows = t.Rows[p.from:p.to]
			}
		}
		if b.Frozen != nil && b.Trans {
			p.Frozen = b.Frozen[p.from:p.to]
		}
		parts = append(parts, p)
	}
	return parts
}

// find looks up where the part is: the memory of a block may be exchanged.
func (p *part[T]) find(x *matrix.Dense[T]) {
	p.x = *x
	p.x.Rows = p.to - p.from
	p.x.Data = x.Data[min(p.from*x.Stride, len(x.Data)):]
}

// join tells of the columns of a block what its parts tell.
func join[T asm.Float](c *reg.Columns, parts []*part[T]) {
	if parts[0].Trans {
		for _, p := range parts {
			copy(c.Zero[p.from:p.to], p.cols.Zero)
			for k, log := range p.cols.Log {
				copy(c.Log[k][p.from:p.to], log)
			}
		}
		return
	}
	for q := range c.Zero {
		c.Zero[q] = true
		for _, p := range parts {
			c.Zero[q] = c.Zero[q] && p.cols.Zero[q]
		}
		for k := range c.Log {
			top, sum := math.Inf(-1), 0.0
			for _, p := range parts {
				top = max(top, p.cols.Log[k][q])
			}
			if c.Log[k][q] = top; math.IsInf(top, -1) {
				continue
			}
			for _, p := range parts {
				sum += math.Exp(p.cols.Log[k][q] - top)
			}
			c.Log[k][q] = top + math.Log(sum)
		}
	}
}

// looking computes the columns of a part, its entries at the floor being zeros.
type looking[T asm.Float] struct{ *Balancer[T] }

func (t looking[T]) Do(i, _ int) {
	p := t.parts[i]
	p.find(t.blocks[p.block].X)
	p.Clear(t.eps)
	p.ColumnsTo(p.cols, p.active)
}

// applying scales a part.
type applying[T asm.Float] struct{ *Balancer[T] }

func (t applying[T]) Do(i, _ int) {
	p := t.parts[i]
	log := t.scales.Log[p.block]
	if p.Trans {
		log = log[p.from:p.to]
	}
	p.Scale(log)
	p.Floor(t.eps)
}
