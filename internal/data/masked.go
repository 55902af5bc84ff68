package data

import (
	"math"
	"math/bits"

	"polyad/asm"
	"polyad/loss"
	"polyad/matrix"
)

// Masked is a [Dense] matrix of which entries are missing, as a mask M of zeros
// and ones says. With Y = WH the products of a pass are
//
//	VHt, WtV:   (M∘V + (1-M)∘Y)Hᵀ, Wᵀ(M∘V + (1-M)∘Y)
//	Quotients:  (M∘V∘Y^(β-2))Hᵀ, (M∘Y^(β-1))Hᵀ and those with Wᵀ
//
// The first are the expectation step of Zhang, Wang, Ford, Makedon (Learning from
// incomplete ratings using non-negative matrix factorization, SDM 2006): ½ the
// squared distance from the filled data majorizes that from the observed ones at
// (W, H). They cost 2·m·n·r flops more than those of complete data, for tiles
// without missing entries nothing. M is never multiplied with: weights made of
// its bits select, tile by tile, so that nothing that is stored for a missing
// entry, be it NaN, has any effect.
type Masked[T asm.Float] struct{ *Dense[T] }

// NewMasked is [NewDense] for data of which the entries are missing where mask
// says so. The mask has the shape of x and observes an entry at least; it is
// never written.
func NewMasked[T asm.Float](x *matrix.Dense[T], mask *matrix.Mask, scale, floor float64, workers int) *Masked[T] {
	d := &Masked[T]{newDense(x, mask, scale, floor, workers)}
	d.stats = d.sum()
	return d
}

func (d *Masked[T]) sum() Stats {
	ker, s := asm.For[T](), &d.scratch[0]
	t := Stats{Count: d.mask.Count(), Min: math.Inf(1), Max: math.Inf(-1)}
	for j0 := 0; j0 < d.x.Cols; j0 += stripCols[T]() {
		for i0 := 0; i0 < d.x.Rows; i0 += tileRows {
			v := d.entries(i0, min(i0+tileRows, d.x.Rows), j0, stripCols[T](), s)
			for i := range v.rows {
				row := s.y[:v.cols]
				ker.Select(row, v.row(i), d.weights(i0+i, j0, v.cols, s), T(math.NaN()))
				lo, hi, _ := ker.Scan(row) // which ignores NaN
				ker.Select(row, v.row(i), s.weights, 0)
				t.Sum += ker.Sum(row)
				t.Squares += d.squares(ker, i0+i, j0, row, nil, 0, s)
				t.Min, t.Max = min(t.Min, float64(lo)), max(t.Max, float64(hi))
			}
		}
	}
	return t
}

// VHt writes the block's rows of V·Hᵀ, missing entries filled by the model.
func (d *Masked[T]) VHt(dst *matrix.Dense[T], block, worker int, w, h *matrix.Dense[T]) {
	d.filled(dst, nil, block, worker, w, h)
}

// WtV writes the block's share of Wᵀ·V, missing entries filled by the model.
func (d *Masked[T]) WtV(dst *matrix.Dense[T], block, worker int, w, h *matrix.Dense[T]) {
	d.filled(nil, dst, block, worker, w, h)
}

// filled makes one of the products with the filled tiles of a block.
func (d *Masked[T]) filled(vht, wtv *matrix.Dense[T], block, worker int, w, h *matrix.Dense[T]) {
	ker, s := asm.For[T](), &d.scratch[worker]
	i0, i1 := d.Rows(block)
	for from := 0; from < d.x.Cols; from += stripCols[T]() {
		to := min(from+stripCols[T](), d.x.Cols)
		for i := i0; i < i1; i += tileRows {
			for j0 := from; j0 < to; j0 += quotCols[T]() {
				v := d.entries(i, min(i+tileRows, i1), j0, quotCols[T](), s)
				d.fill(ker, &v, w, h, v.i0, s)
				if vht != nil {
					d.timesHt(ker, vht, &v, v.data, v.stride)
				} else {
					wTimes(ker, wtv, &v, w, v.data, v.stride, i > i0)
				}
			}
		}
	}
}

// fill takes the model for the entries that the tile misses: the rows of w from i
// on times h. Complete tiles stay as they are.
func (d *Dense[T]) fill(ker *asm.Kernels[T], v *tile[T], w, h *matrix.Dense[T], i int, s *scratch[T]) {
	complete := true
	for u := 0; u < v.rows && complete; u++ {
		complete = full(d.words(v.i0+u, v.j0, v.cols), v.cols)
	}
	if complete {
		return
	}
	of := *v
	of.i0 = i
	model(ker, s.y, &of, w, h)
	stride := quotStride[T]()
	for u := range v.rows {
		choose(s.p[u*stride:][:v.cols], v.row(u), s.y[u*stride:], d.words(v.i0+u, v.j0, v.cols))
	}
	v.data, v.stride = s.p, stride
}

// choosing replaces the entries of y, which has the shape of the tile and belongs
// to rows i… of the data, that are missing by other.
func (d *Dense[T]) choosing(ker *asm.Kernels[T], y []T, v *tile[T], i int, other T, s *scratch[T]) {
	for u := range v.rows {
		row := y[u*quotStride[T]():][:v.cols]
		ker.Select(row, row, d.weights(i+u, v.j0, v.cols, s), other)
	}
}

// Quotients makes a pass of the divergence over the observed entries of a block.
func (d *Masked[T]) Quotients(l loss.Loss, block, worker int, w, h *matrix.Dense[T], out *Quotients[T]) {
	ker, s := asm.For[T](), &d.scratch[worker]
	floor := d.modelFloor(l)
	powers := out.WDen != nil || out.HDen != nil
	i0, i1 := d.Rows(block)
	for from := 0; from < d.x.Cols; from += stripCols[T]() {
		to := min(from+stripCols[T](), d.x.Cols)
		for i := i0; i < i1; i += tileRows {
			for j0 := from; j0 < to; j0 += quotCols[T]() {
				v := d.entries(i, min(i+tileRows, i1), j0, quotCols[T](), s)
				d.observed(&v, 0, s) // so that the quotient is 0, too
				d.quotients(ker, l, &v, w, h, s, floor, powers, nil)
				if powers {
					d.choosing(ker, s.p, &v, i, 0, s)
				}
				d.quotientProducts(ker, &v, w, s, out, i > i0)
			}
		}
	}
}

// Loss returns the block's share of the divergence and of the squared error of
// the observed entries. Data and model are the same number for the others: the
// largest of the data, which no floor changes.
func (d *Masked[T]) Loss(l loss.Loss, block, worker int, w, h *matrix.Dense[T]) (divergence, squares float64) {
	ker, s := asm.For[T](), &d.scratch[worker]
	floor, top := d.modelFloor(l), T(d.stats.Max)
	i0, i1 := d.Rows(block)
	for j0 := 0; j0 < d.x.Cols; j0 += quotCols[T]() {
		for i := i0; i < i1; i += tileRows {
			v := d.entries(i, min(i+tileRows, i1), j0, quotCols[T](), s)
			d.observed(&v, top, s)
			model(ker, s.y, &v, w, h)
			d.choosing(ker, s.y, &v, i, top, s)
			for u := range v.rows {
				x, y := v.row(u), s.y[u*quotStride[T]():][:v.cols]
				squares += d.squares(ker, i+u, j0, x, y, top, s)
				divergence += loss.FlooredDivergence(l, x, y, floor)
			}
		}
	}
	return divergence, squares
}

// observed replaces the tile by a copy that has other in the place of missing
// entries.
func (d *Dense[T]) observed(t *tile[T], other T, s *scratch[T]) {
	ker, stride := asm.For[T](), t.copyStride()
	for i := range t.rows {
		ker.Select(s.v[i*stride:][:t.cols], t.row(i), d.weights(t.i0+i, t.j0, t.cols, s), other)
	}
	t.data, t.stride = s.v, stride
}

// words returns the words of the mask that belong to cols columns of row i from
// j0 on, which is where a tile begins and so a multiple of 64.
func (d *Dense[T]) words(i, j0, cols int) []uint64 {
	return d.mask.Row(i)[j0/64:][:(cols+63)/64]
}

// weights writes 1 for the entries of a part of row i that are observed, and 0
// for the others, into the scratch.
func (d *Dense[T]) weights(i, j0, cols int, s *scratch[T]) []T {
	table := weightsOf[T]()
	for k, word := range d.words(i, j0, cols) {
		to := s.weights[k*64 : k*64+64]
		for b := 0; b < 64; b += 8 {
			*(*[8]T)(to[b:]) = table[byte(word>>b)]
		}
	}
	return s.weights[:cols]
}

// The bits of all bytes as weights.
var (
	weights32 = byteWeights[float32]()
	weights64 = byteWeights[float64]()
)

func byteWeights[T asm.Float]() *[256][8]T {
	var table [256][8]T
	for b := range table {
		for k := range table[b] {
			table[b][k] = T(b >> k & 1)
		}
	}
	return &table
}

func weightsOf[T asm.Float]() *[256][8]T {
	if table, ok := any(weights32).(*[256][8]T); ok {
		return table
	}
	return any(weights64).(*[256][8]T)
}

// first returns a word of which the first n bits are set, all for n ≥ 64.
func first(n int) uint64 { return ^uint64(0) >> (64 - min(n, 64)) }

// full reports whether the first n bits are set.
func full(words []uint64, n int) bool {
	for k, word := range words {
		if ^word&first(n-k*64) != 0 {
			return false
		}
	}
	return true
}

// choose writes the entries of v where a bit is set, and those of y elsewhere:
// it copies what there is more of, and then goes from one of the others to the
// next.
func choose[T asm.Float](dst, v, y []T, words []uint64) {
	for k, word := range words {
		n := min(64, len(dst)-k*64)
		dst, v, y := dst[k*64:][:n], v[k*64:][:n], y[k*64:][:n]
		if bits.OnesCount64(word&first(n)) < n/2 {
			word, v, y = ^word, y, v
		}
		copy(dst, v)
		for rest := ^word & first(n); rest != 0; rest &= rest - 1 {
			j := bits.TrailingZeros64(rest)
			dst[j] = y[j]
		}
	}
}
