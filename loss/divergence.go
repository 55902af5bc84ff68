package loss

import "polyad/asm"

// Between returns d_β(x, y) for x ≥ 0 and y ≥ 0. At y = 0 it is the limit:
// 0 for x = 0, else infinite for β ≤ 1.
func (l Loss) Between(x, y float64) float64 { return asm.Divergence(l.Beta(), x, y) }

// Divergence returns D_β(x, y) = Σ_j d_β(x[j], y[j]), computed in float64. y must
// be at least as long as x.
func Divergence[T asm.Float](l Loss, x, y []T) float64 { return FlooredDivergence(l, x, y, 0) }

// FlooredDivergence returns D_β(x, y) with entries of y below floor ≥ 0 taken for
// floor where x is positive; at β = 2 there is no floor.
func FlooredDivergence[T asm.Float](l Loss, x, y []T, floor T) float64 {
	y = y[:len(x)]
	ker, beta := asm.For[T](), l.Beta()
	var s float64
	for j := 0; j < len(x); j += chunk {
		end := min(j+chunk, len(x))
		s += ker.Divergence(beta, x[j:end], y[j:end], floor)
	}
	return s
}

// chunk is how many numbers a kernel gets at once: some tens of microseconds,
// within which it cannot be interrupted.
const chunk = 8192
