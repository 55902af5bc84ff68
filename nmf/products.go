package nmf

import (
	"polyad/asm"
	"polyad/internal/data"
	"polyad/internal/par"
	"polyad/loss"
	"polyad/matrix"
)

// chunk is the number of columns of H, or rows of W, that stay in cache while
// they are worked on, and so the unit of parallel work on H.
const chunk = 512

// products holds the two parts of the gradient of D_β with respect to W and H,
//
//	N = (V∘Y^(β-2))Hᵀ,  C = Y^(β-1)Hᵀ  for W,  Wᵀ(V∘Y^(β-2)),  WᵀY^(β-1)  for H
//
// with Y = WH, and the memory to compute them. For β = 2 they are VHᵀ, W(HHᵀ),
// WᵀV, (WᵀW)H; for β = 1 C is the same in every row of W or column of H. With
// missing entries, which count neither in N nor in C, that does not hold; when N
// is wanted alone they are filled by the model (package internal/data).
type products[T asm.Float] struct {
	x      data.Matrix[T]
	l      loss.Loss
	masked bool // entries are missing
	pool   *par.Pool
	w, h   *matrix.Dense[T]

	wNum, wDen *matrix.Dense[T] // m x r
	hNum, hDen *matrix.Dense[T] // r x n
	numShares  []*matrix.Dense[T]
	denShares  []*matrix.Dense[T]
	quotients  []data.Quotients[T] // per worker

	gramW, gramH *matrix.Dense[float64] // β = 2
	gramWork     matrix.GramWork[T]
	gram         *matrix.Dense[T] // the one in use, rounded
	sums         []T              // β = 1: row sums of H or column sums of W
	sums64       []float64

	shares hShares[T]
	adds   hAdds[T]
}

// newProducts allocates everything a sweep needs; with denominators says
// whether C is wanted, too.
func newProducts[T asm.Float](x data.Matrix[T], l loss.Loss, pool *par.Pool, w, h *matrix.Dense[T], denominators bool) *products[T] {
	m, n, r := w.Rows, h.Cols, w.Cols
	p := &products[T]{x: x, l: l, masked: x.Stats().Count < m*n, pool: pool, w: w, h: h,
		wNum: matrix.New[T](m, r), hNum: matrix.New[T](r, n),
		quotients: make([]data.Quotients[T], pool.Workers())}
	if l.Beta() == 2 {
		p.gramW, p.gramH, p.gram = matrix.New[float64](r, r), matrix.New[float64](r, r), matrix.New[T](r, r)
	}
	if l.Beta() == 1 {
		p.sums, p.sums64 = make([]T, r), make([]float64, r)
	}
	for range x.Blocks() {
		p.numShares = append(p.numShares, matrix.New[T](r, n))
	}
	if denominators {
		p.denominators()
	}
	p.shares.products, p.adds.products = p, p
	return p
}

// passDen says whether C takes a pass over the data.
func (p *products[T]) passDen() bool { b := p.l.Beta(); return p.masked || b != 1 && b != 2 }

// gramDen says whether C comes from a Gram matrix; N then stays the same while
// its own factor changes.
func (p *products[T]) gramDen() bool { return p.l.Beta() == 2 && !p.masked }

// denominators allocates C where it is a matrix.
func (p *products[T]) denominators() {
	if p.wDen != nil || !p.passDen() && !p.gramDen() {
		return
	}
	p.wDen, p.hDen = matrix.New[T](p.w.Rows, p.w.Cols), matrix.New[T](p.h.Rows, p.h.Cols)
	for range p.numShares {
		if p.passDen() {
			p.denShares = append(p.denShares, matrix.New[T](p.h.Rows, p.h.Cols))
		}
	}
}

// prepareW computes what all rows of W share: HHᵀ or the row sums of H.
func (p *products[T]) prepareW() {
	p.x.UseH(p.h)
	switch p.l.Beta() {
	case 2:
		p.gramWork.Gram(p.pool, p.gramH, p.h, true)
		p.round(p.gramH)
	case 1:
		for k := range p.sums {
			p.sums[k] = T(matrix.Sum(p.h.View(k, 0, 1, p.h.Cols)))
		}
	}
}

// prepareH computes what all columns of H share: WᵀW or the column sums of W.
func (p *products[T]) prepareH() {
	switch p.l.Beta() {
	case 2:
		p.gramWork.Gram(p.pool, p.gramW, p.w, false)
		p.x.ReduceFloat64(p.gramW.Data)
		p.round(p.gramW)
	case 1:
		clear(p.sums64)
		for i := 0; i < p.w.Rows; i++ {
			for k, v := range p.w.Row(i) {
				p.sums64[k] += float64(v)
			}
		}
		p.x.ReduceFloat64(p.sums64)
		for k, s := range p.sums64 {
			p.sums[k] = T(s)
		}
	}
}

func (p *products[T]) round(g *matrix.Dense[float64]) {
	for i, v := range g.Data {
		p.gram.Data[i] = T(v)
	}
}

// wBlock computes N and, with den, C for the rows of W in a block.
func (p *products[T]) wBlock(block, worker int, den bool) {
	if p.l.Beta() == 2 && !(den && p.masked) {
		p.x.VHt(p.wNum, block, worker, p.w, p.h)
		if den {
			p.wGram(block)
		}
		return
	}
	q := &p.quotients[worker]
	*q = data.Quotients[T]{WNum: p.wNum}
	if den {
		q.WDen = p.wDen // nil at β = 1
	}
	p.x.Quotients(p.l, block, worker, p.w, p.h, q)
}

// wGram computes C = W·(HHᵀ) for the rows of a block.
func (p *products[T]) wGram(block int) {
	ker := asm.For[T]()
	i0, i1 := p.x.Rows(block)
	r := p.w.Cols
	ker.Mul(i1-i0, r, r, p.w.Data[i0*p.w.Stride:], p.w.Stride, 1, p.gram.Data, r, p.wDen.Data[i0*r:], r, false, false)
}

// wRow returns N and C of row i of W after wBlock.
func (p *products[T]) wRow(i int) (num, den []T) {
	if p.wDen == nil {
		return p.wNum.Row(i), p.sums
	}
	return p.wNum.Row(i), p.wDen.Row(i)
}

// hTotals computes N and, with den, C for all of H: the blocks' shares in
// parallel, then their sums in a fixed order. With fresh false the shares are
// there already.
func (p *products[T]) hTotals(den, fresh bool) {
	p.shares.den, p.adds.den = den, den
	if fresh {
		p.pool.Run(p.x.Blocks(), &p.shares)
	}
	p.pool.Run((p.h.Cols+chunk-1)/chunk, &p.adds)
	p.x.Reduce(p.hNum.Data)
	if den && p.passDen() {
		p.x.Reduce(p.hDen.Data)
	}
}

// hBlock computes a block's share of N and C for H.
func (p *products[T]) hBlock(block, worker int, den bool) {
	if p.l.Beta() == 2 && !(den && p.masked) {
		p.x.WtV(p.numShares[block], block, worker, p.w, p.h)
		return
	}
	q := &p.quotients[worker]
	*q = data.Quotients[T]{HNum: p.numShares[block]}
	if den && p.passDen() {
		q.HDen = p.denShares[block]
	}
	p.x.Quotients(p.l, block, worker, p.w, p.h, q)
}

// hColumns returns N and C of component k in columns [j0, j1) after hTotals;
// where C is one number, den is nil and den0 that number.
func (p *products[T]) hColumns(k, j0, j1 int) (num, den []T, den0 T) {
	num = p.hNum.Row(k)[j0:j1]
	if p.hDen == nil {
		return num, nil, p.sums[k]
	}
	return num, p.hDen.Row(k)[j0:j1], 0
}

type hShares[T asm.Float] struct {
	*products[T]
	den bool
}

func (t *hShares[T]) Do(block, worker int) { t.hBlock(block, worker, t.den) }

type hAdds[T asm.Float] struct {
	*products[T]
	den bool
}

// Do adds the shares of one chunk of columns.
func (t *hAdds[T]) Do(block, _ int) {
	j0, j1 := block*chunk, min((block+1)*chunk, t.h.Cols)
	addShares(t.hNum, t.numShares, j0, j1)
	switch {
	case !t.den:
	case t.passDen():
		addShares(t.hDen, t.denShares, j0, j1)
	case t.gramDen():
		r := t.h.Rows
		asm.For[T]().Mul(r, j1-j0, r, t.gram.Data, r, 1, t.h.Data[j0:], t.h.Stride, t.hDen.Data[j0:], t.hDen.Stride, false, true)
	}
}

func addShares[T asm.Float](dst *matrix.Dense[T], shares []*matrix.Dense[T], j0, j1 int) {
	ker := asm.For[T]()
	for k := 0; k < dst.Rows; k++ {
		to := dst.Row(k)[j0:j1]
		copy(to, shares[0].Row(k)[j0:j1])
		for _, s := range shares[1:] {
			ker.Axpy(1, s.Row(k)[j0:j1], to)
		}
	}
}
