package tensor

// Sums over a run of modes. With t seen as L x I x R, and U a matrix or the
// Khatri-Rao product of the run's factors,
//
//	P[q, l, c] = Σ_i U[i, q]·t[l, i, c]
//
// A strip of columns of t[l] is transposed while it meets U: S[c, q] gathers depth
// after depth, while memory is asked for the depth that comes next, and is turned
// at the end. Each element of t is read once.

import (
	"polyad/asm"
	"polyad/internal/par"
	"polyad/matrix"
)

const (
	// S has as many rows as rows of t have elements, of at most insideRow bytes; for
	// longer ones as many strips of insideStrip bytes as make insideWords elements:
	// neighbours lie in the same pages.
	insideRow   = 4096
	insideStrip = 1152
	insideWords = 1 << 15

	insideUnit = 16 // columns that are not cut

	// The parts of t that meet U have as many bytes as leaves room for the next one
	// in the second-level cache, and up to insideDeeper times as many where there
	// are more than insideFew components: the deeper, the rarer S moves.
	insideBytes  = 160 << 10
	insideDeeper = 4
	insideFew    = 16
	insidePanel  = 256 << 10 // bytes of the part of U
	// Rows of both, at least and, for the sake of rounding, at most.
	insideLeast, insideMost = 32, 192
)

// inside is such a product as a task.
type inside[T Float] struct {
	ker      *asm.Kernels[T]
	x        []T
	l, i, r  int
	rank     int
	f        []*matrix.Dense[T] // the run's factors; nil: U is at hand
	u        []T                // U, rows uRow apart
	uRow     int
	out      []T
	q, lStep int // steps of out from component to component and from l to l

	wide, strip, depth int  // of S, and of the parts of t
	byDepth            bool // blocks are cut along what is summed over, else along (l, c)
	unit, units        int  // columns, or rows of U, that are not cut
	blocks             int
	parts              []T // of all blocks but the first, as out with L·R elements a component
	scratch            [][]T
}

// of sets the array, and U to the Khatri-Rao product of f, one or more factors
// with Π I_n = i.
func (t *inside[T]) of(x []T, l, i, r, rank int, f []*matrix.Dense[T]) {
	t.x, t.l, t.i, t.r, t.rank, t.f = x, l, i, r, rank, f
	if len(f) == 1 {
		t.f, t.u, t.uRow = nil, f[0].Data, f[0].Stride
	}
}

// run computes the product; x has l·i·r elements, none of the sizes is 0. x and U
// are set before. Element (q, l, c) of the result is out[q·qStep + l·lStep + c].
func (t *inside[T]) run(p *par.Pool, out []T, qStep, lStep int) {
	t.ker = asm.For[T]()
	t.out, t.q, t.lStep = out, qStep, lStep
	size := asm.SizeOf[T]()
	t.wide, t.strip = t.r, t.r
	strip := insideStrip / size
	if t.r > insideRow/size {
		t.wide = min(t.r, max(1, insideWords/t.rank/strip)*strip)
		t.strip = min(t.wide, strip)
	}
	bytes := insideBytes * max(1, min(insideDeeper, t.rank/insideFew))
	t.depth = max(insideLeast, min(bytes/(t.strip*size), insidePanel/(t.rank*size), insideMost))
	t.unit = insideUnit
	if t.l >= 4*maxBlocks {
		t.unit = t.r
	}
	t.units = ceil(t.l*t.r, t.unit)
	t.byDepth = t.units < 4*maxBlocks
	if t.byDepth {
		t.unit = 64
		t.units = ceil(t.i, t.unit)
	}
	t.blocks = blocksFor(t.units, float64(t.l*t.i)*float64(t.r*t.rank))
	all := t.rank * t.l * t.r
	if t.byDepth {
		t.parts = grow(t.parts, (t.blocks-1)*all)
	}
	rows := t.wide
	if t.f != nil {
		rows += t.depth + krLeft(t.rank)
	}
	t.scratch = growAll(t.scratch, p.Workers(), rows*t.rank)
	p.Run(t.blocks, t)
	if t.byDepth {
		for b := range t.blocks - 1 {
			part := t.parts[b*all:]
			for q := range t.rank {
				for l := range t.l {
					t.ker.Axpy(1, part[(q*t.l+l)*t.r:][:t.r], t.out[q*t.q+l*t.lStep:][:t.r])
				}
			}
		}
	}
	t.x, t.out, t.f, t.u = nil, nil, nil, nil
}

// Do computes one block.
func (t *inside[T]) Do(block, worker int) {
	s := insideBlock[T]{inside: t, out: t.out, q: t.q, lStep: t.lStep}
	room := t.scratch[worker]
	cut(&room, &s.s, t.wide*t.rank)
	if t.f != nil {
		cut(&room, &s.panel, t.depth*t.rank)
		cut(&room, &s.left, krLeft(t.rank)*t.rank)
	}
	lo, hi := block*t.units/t.blocks*t.unit, (block+1)*t.units/t.blocks*t.unit
	if t.byDepth {
		if block > 0 {
			s.out, s.q, s.lStep = t.parts[(block-1)*t.rank*t.l*t.r:], t.l*t.r, t.r
		}
		s.columns(0, t.l*t.r, lo, min(hi, t.i))
		return
	}
	s.columns(lo, min(hi, t.l*t.r), 0, t.i)
}

// insideBlock is a block that is being computed.
type insideBlock[T Float] struct {
	*inside[T]
	out            []T
	q, lStep       int
	s, panel, left []T
}

// columns computes columns [v0, v1), counted over (l, c), with depth [d0, d1).
func (s *insideBlock[T]) columns(v0, v1, d0, d1 int) {
	for v := v0; v < v1; {
		l := v / s.r
		c := v - l*s.r
		n := min(s.wide, s.r-c, v1-v)
		for d := d0; d < d1; {
			depth := pieceOf(d1-d, s.depth)
			u, uRow := s.u, s.uRow
			if s.f == nil {
				u = u[d*uRow:]
			} else {
				krPanel(s.panel, s.rank, s.f, d, d+depth, s.left)
				u, uRow = s.panel, s.rank
			}
			x := s.x[(l*s.i+d)*s.r+c:]
			strip := ceil(pieceOf(n, s.strip), insideUnit) * insideUnit
			for e := 0; e < n; e += strip {
				w := min(strip, n-e)
				// What comes next is the next strip, then the first one as many rows
				// below, then the first one behind, or that of the next l.
				ahead := w
				switch {
				case e+w < n:
				case d+depth < d1:
					ahead = depth*s.r - e
				case c+n < s.r:
					ahead = w - (d-d0)*s.r
				default:
					ahead = (s.i-(d-d0))*s.r - c - e
				}
				s.ker.MulDown(w, s.rank, depth, x[e:], s.r, u, uRow, s.s[e*s.rank:], s.rank, d > d0, ahead)
			}
			d += depth
		}
		s.ker.Transpose(s.out[l*s.lStep+c:], s.q, s.s, s.rank, n, s.rank)
		v += n
	}
}
