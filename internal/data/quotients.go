package data

import (
	"math"

	"polyad/asm"
	"polyad/loss"
	"polyad/matrix"
)

// modelFloor is the value that smaller model entries are taken for where a
// divergence divides by them: so small against the data that it changes
// nothing that matters, and so large that V·Y^(β-2) and its square stay finite
// (in float64, in which squares are taken), for data that are not too far from 1.
func (d *Dense[T]) modelFloor(l loss.Loss) T {
	const least = 10
	bits, limit := 400.0, 400.0
	if asm.SizeOf[T]() == 4 {
		bits, limit = 60, 100
	}
	largest := d.stats.Max
	if largest == 0 {
		largest = 1
	}
	if e := 2 - l.Beta(); e > 1 { // V·Y^(β-2) is at most largest^(1-e)·2^(bits·e)
		_, x := math.Frexp(largest)
		bits = max(least, min(bits, (limit+(e-1)*float64(x))/e))
	}
	return T(largest * math.Exp2(-math.Floor(bits)))
}

// Quotients makes a pass of the divergence over the block: model tile,
// quotient, and straight into the products that are asked for. Nothing of size
// m x n is stored.
func (d *Dense[T]) Quotients(l loss.Loss, block, worker int, w, h *matrix.Dense[T], out *Quotients[T]) {
	ker, s := asm.For[T](), &d.scratch[worker]
	floor := d.modelFloor(l)
	powers := out.WDen != nil || out.HDen != nil
	i0, i1 := d.Rows(block)
	for from := 0; from < d.x.Cols; from += stripCols[T]() {
		to := min(from+stripCols[T](), d.x.Cols)
		for i := i0; i < i1; i += tileRows {
			for j0 := from; j0 < to; j0 += quotCols[T]() {
				v := d.tileAt(i, min(i+tileRows, i1), j0, quotCols[T](), s)
				d.quotients(ker, l, &v, w, h, s, floor, powers, out.Loss)
				d.quotientProducts(ker, &v, w, s, out, i > i0)
			}
		}
	}
}

// quotientProducts adds the products with the tile's quotients to those that are
// asked for; the first ones of a block replace what is in HNum and HDen.
func (d *Dense[T]) quotientProducts(ker *asm.Kernels[T], v *tile[T], w *matrix.Dense[T], s *scratch[T], out *Quotients[T], add bool) {
	stride := quotStride[T]()
	if out.WNum != nil {
		d.timesHt(ker, out.WNum, v, s.y, stride)
	}
	if out.WDen != nil {
		d.timesHt(ker, out.WDen, v, s.p, stride)
	}
	if out.HNum != nil {
		wTimes(ker, out.HNum, v, w, s.y, stride, add)
	}
	if out.HDen != nil {
		wTimes(ker, out.HDen, v, w, s.p, stride, add)
	}
}

// quotients writes v·(wh)^(β-2) into the scratch y, and with powers (wh)^(β-1)
// into p. Where the loss is wanted, too, the model is stored on the way.
func (d *Dense[T]) quotients(ker *asm.Kernels[T], l loss.Loss, v *tile[T], w, h *matrix.Dense[T], s *scratch[T], floor T, powers bool, sum *[2]float64) {
	stride := quotStride[T]()
	a, b := w.Data[v.i0*w.Stride:], h.Data[v.j0:]
	switch beta := l.Beta(); {
	case sum != nil:
		model(ker, s.y, v, w, h)
		for u := range v.rows {
			x, y := v.row(u), s.y[u*stride:][:v.cols]
			sum[0] += loss.FlooredDivergence(l, x, y, floor)
			sum[1] += d.squares(ker, v.i0+u, v.j0, x, y, 0, s)
		}
		for u := range v.rows {
			quotient(ker, beta, s.y[u*stride:][:v.cols], s.p[u*stride:][:v.cols], v.row(u), floor)
		}
	case beta == 1:
		ker.RatioKL(v.rows, v.cols, w.Cols, a, w.Stride, 1, b, h.Stride, s.y, stride, v.data, v.stride, floor)
	case beta == 0:
		ker.RatioIS(v.rows, v.cols, w.Cols, a, w.Stride, 1, b, h.Stride, s.y, s.p, stride, v.data, v.stride, floor)
	default:
		model(ker, s.y, v, w, h)
		for u := range v.rows {
			quotient(ker, beta, s.y[u*stride:][:v.cols], s.p[u*stride:][:v.cols], v.row(u), floor)
		}
	}
	if powers && l.Beta() == 1 {
		ker.Fill(s.p[:v.rows*stride], 1)
	}
}

// quotient replaces the model y by v·y^(β-2) and, for a β other than 1, writes
// y^(β-1) into p.
func quotient[T asm.Float](ker *asm.Kernels[T], beta float64, y, p, v []T, floor T) {
	switch beta {
	case 1:
		ker.QuotKL(y, v, floor)
	case 0:
		ker.QuotIS(y, p, v, floor)
	case 2:
		copy(p, y)
		copy(y, v)
	case .5:
		ker.Quot05(y, p, v, floor)
	case 1.5:
		ker.Quot15(y, p, v, floor)
	case 3:
		ker.Quot3(y, p, v, floor)
	default:
		ker.QuotPow(y, p, v, beta-2, floor)
	}
}
