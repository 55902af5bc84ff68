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
	for _, m := range []*matrix.Dense[T]{out.WNum, out.WDen} {
		if m != nil {
			clearRows(m, i0, i1)
		}
	}
	for _, m := range []*matrix.Dense[T]{out.HNum, out.HDen} {
		if m != nil {
			m.Zero()
		}
	}
	var q, p [tileRows][]T
	for j0 := 0; j0 < d.x.Cols; j0 += tileCols {
		for i := i0; i < i1; i += tileRows {
			v := d.tile(i, min(tileRows, i1-i), j0, d.columns(j0), s)
			for u := range v {
				q[u], p[u] = s.y[u][:len(v[u])], nil
				if powers {
					p[u] = s.p[u][:len(v[u])]
				}
				model(ker, q[u], w, h, i+u, j0)
				quotient(l.Beta(), q[u], p[u], v[u], floor)
				if out.WNum != nil {
					dots(ker, out.WNum.Row(i+u), q[u], h, j0)
				}
				if out.WDen != nil {
					dots(ker, out.WDen.Row(i+u), p[u], h, j0)
				}
			}
			if out.HNum != nil {
				outer(ker, out.HNum, q[:len(v)], w, i, j0)
			}
			if out.HDen != nil {
				outer(ker, out.HDen, p[:len(v)], w, i, j0)
			}
		}
	}
}

// quotient replaces the model y by v·y^(β-2) and, where p is not nil, writes
// y^(β-1) into p.
func quotient[T asm.Float](beta float64, y, p, v []T, floor T) {
	v = v[:len(y)]
	if p != nil {
		p = p[:len(y)]
	}
	switch beta {
	case 1:
		for j, m := range y {
			y[j] = v[j] / max(m, floor)
		}
		for j := range p {
			p[j] = 1
		}
	case 0:
		for j, m := range y {
			inv := 1 / max(m, floor)
			y[j] = T(v[j]*inv) * inv
			if p != nil {
				p[j] = inv
			}
		}
	case 2:
		copy(p, y)
		copy(y, v)
	default:
		for j, m := range y {
			f := float64(max(m, floor))
			pow := math.Pow(f, beta-2)
			y[j] = T(float64(v[j]) * pow)
			if p != nil {
				p[j] = T(pow * f)
			}
		}
	}
}
