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
	for j0 := 0; j0 < d.x.Cols; j0 += tileCols {
		for i := i0; i < i1; i += tileRows {
			v := d.tileAt(i, i1, j0, s)
			model(ker, s.y, &v, w, h)
			for u := range v.rows {
				y, p := s.y[u*tileCols:][:v.cols], s.p[u*tileCols:][:v.cols]
				quotient(ker, l.Beta(), y, p, v.row(u), floor, powers)
			}
			if out.WNum != nil {
				d.timesHt(ker, out.WNum, &v, s.y, tileCols)
			}
			if out.WDen != nil {
				d.timesHt(ker, out.WDen, &v, s.p, tileCols)
			}
			if out.HNum != nil {
				wTimes(ker, out.HNum, &v, w, s.y, tileCols, i > i0)
			}
			if out.HDen != nil {
				wTimes(ker, out.HDen, &v, w, s.p, tileCols, i > i0)
			}
		}
	}
}

// quotient replaces the model y by v·y^(β-2) and, with powers, writes y^(β-1)
// into p.
func quotient[T asm.Float](ker *asm.Kernels[T], beta float64, y, p, v []T, floor T, powers bool) {
	switch beta {
	case 1:
		ker.QuotKL(y, v, floor)
		if powers {
			ker.Fill(p, 1)
		}
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
