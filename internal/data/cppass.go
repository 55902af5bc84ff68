package data

import (
	"polyad/asm"
	"polyad/loss"
	"polyad/matrix"
)

// cpPass is a pass over the data seen as a matrix, a task over blocks of rows.
// With Q a tile of quotients and L the rows of the leading modes' Khatri-Rao
// product that belong to it, a leading mode n gets, for the row (i_0, …) of each
// element, from A = Q·R
//
//	dst[i_n, :] += A[row, :] ∘ Π_{leading m≠n} F_m[i_m, :],
//
// and a trailing one from B = Lᵀ·Q, summed over the rows, the same with the
// trailing modes' factors at the end. Cost 2·|X|·r flops for the model and for
// each product. Of data with missing entries (see [Masked]) the tiles are those of
// the observed entries alone, or filled by the model.
type cpPass[T asm.Float] struct {
	*DenseTensor[T]
	l        loss.Loss
	f        []*matrix.Dense[T]
	mode     int  // -1: the loss
	filled   bool // num is the product with the filled data
	num, den *matrix.Dense[T]

	sums           [][2]float64          // of the loss, per block
	numPart, dPart []*matrix.Dense[T]    // per block, I_n x r or r x cols
	panels         []*matrix.Dense[T]    // per worker, the rows of L
	a              [][2]*matrix.Dense[T] // per worker, tileRows x r
	row            []T
}

func (p *cpPass[T]) init(d *DenseTensor[T]) {
	p.DenseTensor = d
	p.sums = make([][2]float64, d.flat.Blocks())
	p.row = make([]T, d.rank)
	for range d.pool.Workers() {
		p.panels = append(p.panels, matrix.New[T](tileRows, d.rank))
		p.a = append(p.a, [2]*matrix.Dense[T]{matrix.New[T](tileRows, d.rank), matrix.New[T](tileRows, d.rank)})
	}
}

// reserve makes room for the blocks' parts of a product.
func (p *cpPass[T]) reserve(parts []*matrix.Dense[T], rows, cols int) []*matrix.Dense[T] {
	for len(parts) < p.flat.Blocks() {
		parts = append(parts, &matrix.Dense[T]{})
	}
	for _, m := range parts {
		if len(m.Data) < rows*cols {
			m.Data = make([]T, rows*cols)
		}
		m.Rows, m.Cols, m.Stride = rows, cols, cols
	}
	return parts
}

func (p *cpPass[T]) run(num, den *matrix.Dense[T], l loss.Loss, mode int, f []*matrix.Dense[T], filled bool) {
	p.l, p.f, p.mode, p.num, p.den, p.filled = l, f, mode, num, den, filled
	rows, cols := f[mode].Rows, p.rank
	if mode >= p.first {
		rows, cols = p.rank, p.rt.Cols
	}
	if num != nil {
		p.numPart = p.reserve(p.numPart, rows, cols)
	}
	if den != nil {
		p.dPart = p.reserve(p.dPart, rows, cols)
	}
	p.pool.Run(p.flat.Blocks(), p)
	p.collect(num, p.numPart)
	p.collect(den, p.dPart)
}

// collect sums up the blocks' parts of a product, if it was asked for.
func (p *cpPass[T]) collect(dst *matrix.Dense[T], parts []*matrix.Dense[T]) {
	if dst == nil {
		return
	}
	ker, sum := asm.For[T](), parts[0]
	for _, m := range parts[1:] {
		for i := range m.Rows {
			for j := 0; j < m.Cols; j += addCols {
				end := min(j+addCols, m.Cols)
				ker.Axpy(1, m.Row(i)[j:end], sum.Row(i)[j:end])
			}
		}
	}
	if p.mode < p.first {
		dst.Copy(&matrix.Dense[T]{Rows: dst.Rows, Cols: dst.Cols, Stride: dst.Cols, Data: sum.Data})
		return
	}
	dst.Zero()
	behind := 1
	for _, f := range p.f[p.mode+1:] {
		behind *= f.Rows
	}
	for c := range sum.Cols {
		krRow(p.row, p.f[p.first:], c, p.mode-p.first)
		to := dst.Row(c / behind % dst.Rows)
		for q, v := range p.row {
			to[q] += v * sum.Data[q*sum.Stride+c]
		}
	}
}

// addCols is how many numbers are added in one piece.
const addCols = 8192

// Do makes the pass over one block of rows.
func (p *cpPass[T]) Do(block, worker int) {
	ker, s := asm.For[T](), &p.flat.scratch[worker]
	floor := p.flat.modelFloor(p.l)
	i0, i1 := p.flat.Rows(block)
	if p.mode < 0 {
		p.sums[block] = [2]float64{}
	} else {
		for _, m := range [2]*matrix.Dense[T]{p.part(p.num, p.numPart, block), p.part(p.den, p.dPart, block)} {
			if m != nil {
				m.Zero()
			}
		}
	}
	panel := p.panels[worker]
	for i := i0; i < i1; i += tileRows {
		end := min(i+tileRows, i1)
		for u := range end - i {
			krRow(panel.Row(u), p.f[:p.first], i+u, -1)
		}
		for j0 := 0; j0 < p.rt.Cols; j0 += quotCols[T]() {
			v := p.flat.entries(i, end, j0, quotCols[T](), s)
			if p.filled {
				p.flat.fill(ker, &v, panel, p.rt, 0, s)
				v.i0 = 0
				p.tile(ker, &v, p.part(p.num, p.numPart, block), v.data, v.stride, p.a[worker][0], panel)
				continue
			}
			if p.flat.mask != nil {
				missing := T(0) // so that the quotient is 0, too
				if p.mode < 0 {
					missing = T(p.flat.stats.Max) // which no floor changes
				}
				p.flat.observed(&v, missing, s)
			}
			v.i0 = 0 // its rows are those of the panel
			if p.mode < 0 {
				p.tileLoss(ker, &v, i, panel, s, floor, block)
				continue
			}
			p.flat.quotients(ker, p.l, &v, panel, p.rt, s, floor, p.den != nil, nil)
			if p.flat.mask != nil && p.den != nil {
				p.flat.choosing(ker, s.p, &v, i, 0, s)
			}
			p.tile(ker, &v, p.part(p.num, p.numPart, block), s.y, quotStride[T](), p.a[worker][0], panel)
			p.tile(ker, &v, p.part(p.den, p.dPart, block), s.p, quotStride[T](), p.a[worker][1], panel)
		}
		if p.mode >= 0 && p.mode < p.first {
			p.scatter(p.part(p.num, p.numPart, block), p.a[worker][0], i, end, panel)
			p.scatter(p.part(p.den, p.dPart, block), p.a[worker][1], i, end, panel)
		}
	}
}

// part returns a block's part of a product, nil when it is not asked for.
func (p *cpPass[T]) part(dst *matrix.Dense[T], parts []*matrix.Dense[T], block int) *matrix.Dense[T] {
	if dst == nil {
		return nil
	}
	return parts[block]
}

// tile adds the products with one tile q of quotients, or of data.
func (p *cpPass[T]) tile(ker *asm.Kernels[T], v *tile[T], part *matrix.Dense[T], q []T, stride int, a, panel *matrix.Dense[T]) {
	switch {
	case part == nil:
	case p.mode < p.first:
		p.flat.timesHt(ker, a, v, q, stride)
	default:
		wTimes(ker, part, v, panel, q, stride, true)
	}
}

// scatter adds the rows of A for rows [i, end) of the matrix to those of the
// leading mode's product. The panel is free by then and takes the weights.
func (p *cpPass[T]) scatter(part, a *matrix.Dense[T], i, end int, panel *matrix.Dense[T]) {
	if part == nil {
		return
	}
	behind := 1
	for _, f := range p.f[p.mode+1 : p.first] {
		behind *= f.Rows
	}
	for u := range end - i {
		w := panel.Row(u)
		krRow(w, p.f[:p.first], i+u, p.mode)
		to, from := part.Row((i+u)/behind%part.Rows), a.Row(u)
		for q, v := range w {
			to[q] += v * from[q]
		}
	}
}

// tileLoss adds a tile's share of the loss.
func (p *cpPass[T]) tileLoss(ker *asm.Kernels[T], v *tile[T], i int, panel *matrix.Dense[T], s *scratch[T], floor T, block int) {
	d := p.flat
	model(ker, s.y, v, panel, p.rt)
	missing := T(d.stats.Max)
	if d.mask != nil {
		d.choosing(ker, s.y, v, i, missing, s)
	}
	for u := range v.rows {
		x, y := v.row(u), s.y[u*quotStride[T]():][:v.cols]
		if p.l.Beta() == 2 {
			squares := ker.SqDist(x, y)
			p.sums[block][0] += squares / 2
			p.sums[block][1] += squares
			continue
		}
		p.sums[block][0] += loss.FlooredDivergence(p.l, x, y, floor)
		p.sums[block][1] += d.squares(ker, i+u, v.j0, x, y, missing, s)
	}
}
