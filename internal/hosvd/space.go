package hosvd

import (
	"math"
	"math/rand/v2"

	"polyad/internal/par"
	"polyad/matrix"
)

// Block iteration with projections onto the block (H. Rutishauser, Simultaneous
// iteration method for symmetric matrices, Numer. Math. 16, 1970): with Q of
// orthonormal columns, a few more than are wanted,
//
//	Y = G·Q,  QᵀY = W·Θ·Wᵀ,  U = Q·W,  Q ← orth(Y·W),
//
// until no wanted column of Y·W - U·Θ is above the rounding errors of the first.
// Each round multiplies what is left by θ_{k+extra}/θ_k.
const (
	spaceExtra  = 8
	spaceRounds = 30
	spaceTol    = 2e-14
)

// leadingSpace returns the k leading eigenvectors and eigenvalues of a positive
// semidefinite matrix, with the signs of [matrix.EigenSym]. ok is false when k is
// not small beside the size, when the eigenvalues fall too slowly for this to pay,
// or what is computed is not finite. Cost 2·I²·(k+8) flops and about 8·I·(k+8)² for
// each of at most 30 rounds.
func leadingSpace(p *par.Pool, g *matrix.Dense[float64], k int, seed uint64) (u *matrix.Dense[float64], values []float64, ok bool) {
	n, wide := g.Rows, k+spaceExtra
	var trace float64
	for i := range n {
		trace += g.At(i, i)
	}
	if n < 4*wide || !(trace > 1e-100 && trace < 1e100) { // squares of residuals must be within the range
		return nil, nil, false
	}
	r := rand.New(rand.NewPCG(seed, 0x7370616365)) // "space"
	q, y := matrix.New[float64](n, wide), matrix.New[float64](n, wide)
	u, h := matrix.New[float64](n, wide), matrix.New[float64](wide, wide)
	for i := range q.Data {
		q.Data[i] = r.NormFloat64()
	}
	var qr matrix.QRWork[float64]
	if _, ok = qr.QR(p, q); !ok {
		return nil, nil, false
	}
	before := math.Inf(1)
	for round := range spaceRounds {
		matrix.Gemm(p, false, false, 1, g, q, 0, y)
		matrix.Gemm(p, true, false, 1, q, y, 0, h)
		values, turn, ok := matrix.EigenSym(h)
		if !ok {
			return nil, nil, false
		}
		matrix.Gemm(p, false, false, 1, q, turn, 0, u)
		matrix.Gemm(p, false, false, 1, y, turn, 0, q)
		rest := 0.0
		for c := range k {
			var squares float64
			for i := range n {
				d := q.Row(i)[c] - values[c]*u.Row(i)[c]
				squares += d * d
			}
			rest = max(rest, math.Sqrt(squares))
		}
		least := spaceTol * values[0]
		if rest <= least {
			u = u.View(0, 0, n, k).Clone()
			matrix.FixSigns(u)
			return u, values[:k:k], true
		}
		if left := float64(spaceRounds - round); round >= 4 && !(math.Pow(rest/before, left)*rest <= least) {
			return nil, nil, false
		}
		before = rest
		if _, ok = qr.QR(p, q); !ok {
			return nil, nil, false
		}
	}
	return nil, nil, false
}
