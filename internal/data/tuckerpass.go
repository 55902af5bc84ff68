package data

import (
	"polyad/asm"
	"polyad/loss"
	"polyad/matrix"
)

// tuckerPass is a pass over X for Y = M ×_s F, a task over blocks.
//
// With s the last mode, X and M are matrices, and it is the pass of a matrix
// factorization Y = M·Fᵀ over blocks of rows. Otherwise X is a run of slabs of
// I_s rows, of which slab l has the model F·M_l, M_l of J_s rows; a block is a run
// of strips of columns of slabs, so that each strip of Z_l = Fᵀ·Q_l is summed up
// at once, and the blocks have but their shares of the small Σ_l Q_l·M_lᵀ.
type tuckerPass[T asm.Float] struct {
	*tuckerSplit[T]
	l        loss.Loss
	lossOnly bool
	f, ft    *matrix.Dense[T] // F and, with s the last mode, Fᵀ
	mat      *matrix.Dense[T] // M, with s the last mode
	z        [2][]T           // Z and its denominator, or nil
	want     [2]bool          // whether the shares of num and den are asked for
	parts    [2][]*matrix.Dense[T]
	sums     [][2]float64   // of the loss, per block
	out      []Quotients[T] // per worker
	zMat     [2]matrix.Dense[T]
	panels   []*matrix.Dense[T] // per worker, M_lᵀ of a strip
	heads    []matrix.Dense[T]  // per worker, M_l and Z_l
	strips   int                // of a slab
	blocks   int
}

func (p *tuckerPass[T]) init(d *tuckerSplit[T]) {
	p.tuckerSplit = d
	r := d.ranks[d.split]
	p.blocks = d.flat.Blocks()
	if d.r > 1 {
		p.strips = (d.r + quotCols[T]() - 1) / quotCols[T]()
		p.blocks = min(MaxBlocks, d.l*p.strips)
	} else {
		p.ft = matrix.New[T](r, d.i)
		p.mat = matrix.Of(d.l, r, d.m.Data)
	}
	p.sums = make([][2]float64, p.blocks)
	p.out = make([]Quotients[T], d.pool.Workers())
	p.heads = make([]matrix.Dense[T], 2*d.pool.Workers())
	for range d.pool.Workers() {
		p.panels = append(p.panels, matrix.New[T](quotCols[T](), r))
	}
}

// across makes the pass for Z and its denominator, that when zDen is not nil.
func (p *tuckerPass[T]) across(z, zDen []T, l loss.Loss, f *matrix.Dense[T]) {
	p.z, p.want = [2][]T{z, zDen}, [2]bool{}
	p.run(l, f, false)
}

// along makes the pass for the numerator of F and, if that is asked for, its
// denominator.
func (p *tuckerPass[T]) along(num, den *matrix.Dense[T], l loss.Loss, f *matrix.Dense[T]) {
	p.z, p.want = [2][]T{}, [2]bool{true, den != nil}
	for k, want := range p.want {
		for want && len(p.parts[k]) < p.blocks {
			rows, cols := p.i, p.ranks[p.split]
			if p.r == 1 {
				rows, cols = cols, rows
			}
			p.parts[k] = append(p.parts[k], matrix.New[T](rows, cols))
		}
	}
	p.run(l, f, false)
	ker := asm.For[T]()
	for k, dst := range [2]*matrix.Dense[T]{num, den} {
		if dst == nil {
			continue
		}
		sum := p.parts[k][0]
		for _, m := range p.parts[k][1:] {
			for j := 0; j < len(sum.Data); j += addCols {
				end := min(j+addCols, len(sum.Data))
				ker.Axpy(1, m.Data[j:end], sum.Data[j:end])
			}
		}
		if p.r == 1 {
			sum.TransposeTo(dst)
		} else {
			dst.Copy(sum)
		}
	}
}

// loss makes the pass for the divergence and the squared error.
func (p *tuckerPass[T]) loss(l loss.Loss, f *matrix.Dense[T]) (divergence, squares float64) {
	p.z, p.want = [2][]T{}, [2]bool{}
	p.run(l, f, true)
	for _, s := range p.sums {
		divergence += s[0]
		squares += s[1]
	}
	return divergence, squares
}

func (p *tuckerPass[T]) run(l loss.Loss, f *matrix.Dense[T], lossOnly bool) {
	p.l, p.f, p.lossOnly = l, f, lossOnly
	if p.r == 1 {
		f.TransposeTo(p.ft)
		p.matrix.UseH(p.ft)
		for k, z := range p.z {
			p.zMat[k] = matrix.Dense[T]{Rows: p.tuckerSplit.l, Cols: f.Cols, Stride: f.Cols, Data: z}
		}
	}
	p.pool.Run(p.blocks, p)
}

// Do makes the pass over one block.
func (p *tuckerPass[T]) Do(block, worker int) {
	if p.r > 1 {
		lo, hi := block*p.tuckerSplit.l*p.strips/p.blocks, (block+1)*p.tuckerSplit.l*p.strips/p.blocks
		p.sums[block] = [2]float64{}
		for u := lo; u < hi; u++ {
			p.strip(u/p.strips, u%p.strips, block, worker, u > lo)
		}
		return
	}
	if p.lossOnly {
		p.sums[block][0], p.sums[block][1] = p.matrix.Loss(p.l, block, worker, p.mat, p.ft)
		return
	}
	out := &p.out[worker]
	*out = Quotients[T]{}
	if p.z[0] != nil {
		out.WNum = &p.zMat[0]
	}
	if p.z[1] != nil {
		out.WDen = &p.zMat[1]
	}
	if p.want[0] {
		out.HNum = p.parts[0][block]
	}
	if p.want[1] {
		out.HDen = p.parts[1][block]
	}
	p.matrix.Quotients(p.l, block, worker, p.mat, p.ft, out)
}

// strip works on one strip of columns of slab l; add says that the block has a
// share already.
func (p *tuckerPass[T]) strip(l, strip, block, worker int, add bool) {
	ker, s, d := asm.For[T](), &p.flat.scratch[worker], p.flat
	floor := d.modelFloor(p.l)
	c0, c1 := strip*p.r/p.strips, (strip+1)*p.r/p.strips
	if d.mask != nil { // a strip begins with a word of the mask
		c0 = strip * quotCols[T]()
		c1 = min(c0+quotCols[T](), p.r)
	}
	rank := p.f.Cols
	h := &p.heads[2*worker]
	*h = matrix.Dense[T]{Rows: rank, Cols: p.r, Stride: p.r, Data: p.m.Data[l*rank*p.r:][:rank*p.r]}
	panel := p.panels[worker]
	if p.want[0] {
		h.View(0, c0, rank, c1-c0).TransposeTo(panel.View(0, 0, c1-c0, rank))
	}
	pieces := (p.i + tileRows - 1) / tileRows
	for k := range pieces {
		i0, i1 := p.row(k, pieces), p.row(k+1, pieces)
		row := l*p.i + i0
		v := d.entries(row, l*p.i+i1, c0, c1-c0, s)
		if d.mask != nil {
			missing := T(0) // so that the quotient is 0, too
			if p.lossOnly {
				missing = T(d.stats.Max) // which no floor changes
			}
			d.observed(&v, missing, s)
		}
		v.i0 = i0 // of F
		if p.lossOnly {
			p.tileLoss(ker, &v, row, h, s, floor, block)
			continue
		}
		powers := p.z[1] != nil || p.want[1]
		d.quotients(ker, p.l, &v, p.f, h, s, floor, powers, nil)
		if d.mask != nil && powers {
			d.choosing(ker, s.p, &v, row, 0, s)
		}
		for k, q := range [2][]T{s.y, s.p} {
			if p.z[k] != nil {
				z := &p.heads[2*worker+1]
				*z = matrix.Dense[T]{Rows: rank, Cols: p.r, Stride: p.r, Data: p.z[k][l*rank*p.r:][:rank*p.r]}
				wTimes(ker, z, &v, p.f, q, quotStride[T](), i0 > 0)
			}
			if p.want[k] {
				part := p.parts[k][block]
				ker.Mul(v.rows, rank, v.cols, q, quotStride[T](), 1, panel.Data, panel.Stride, part.Data[i0*part.Stride:], part.Stride, add, false)
			}
		}
	}
}

// row returns the first row of one of so many pieces of a slab: about equally
// high, and where it costs no piece more a multiple of 4.
func (p *tuckerPass[T]) row(k, pieces int) int {
	high := (p.i + pieces - 1) / pieces
	return min(p.i, k*min(tileRows, (high+3)/4*4))
}

// tileLoss adds a tile's share of the loss; its first row is row i of the data.
func (p *tuckerPass[T]) tileLoss(ker *asm.Kernels[T], v *tile[T], i int, h *matrix.Dense[T], s *scratch[T], floor T, block int) {
	model(ker, s.y, v, p.f, h)
	sum, missing := &p.sums[block], T(0)
	if p.flat.mask != nil {
		missing = T(p.flat.stats.Max)
		p.flat.choosing(ker, s.y, v, i, missing, s)
	}
	for u := range v.rows {
		x, y := v.row(u), s.y[u*quotStride[T]():][:v.cols]
		sum[1] += p.flat.squares(ker, i+u, v.j0, x, y, missing, s)
		sum[0] += loss.FlooredDivergence(p.l, x, y, floor)
	}
}
