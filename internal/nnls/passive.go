package nnls

import (
	"math"

	"polyad/asm"
)

// passive solves with the rows and columns of a symmetric positive definite
// matrix H that a set of components F names: LLᵀ = H_FF row by row,
//
//	L_ij = (H_ij - Σ_{s<j} L_is·L_js) / L_jj,   L_ii² = H_ii - Σ_{s<i} L_is²
//
// (Golub, Van Loan, Matrix Computations, §4.2). It costs |F|³/3 flops and each
// solution 2|F|².
type passive struct {
	set []int     // F, ascending
	l   []float64 // row i of L at i·|F|, without the diagonal
	inv []float64 // 1 / L_ii
	y   []float64
}

func newPassive(r int) passive {
	return passive{set: make([]int, 0, r), l: make([]float64, r*r), inv: make([]float64, r), y: make([]float64, r)}
}

// factor factors H_FF, where diag is the diagonal of H and the rest stands in
// gram, r x r. A pivot below floor times its diagonal element is raised to that;
// factor returns how many were.
func (p *passive) factor(ker *asm.Kernels[float64], gram, diag []float64, floor float64) (raised int) {
	n, r := len(p.set), len(diag)
	for i, k := range p.set {
		row, g := p.l[i*n:i*n+i], gram[k*r:k*r+r]
		for j, s := range p.set[:i] {
			row[j] = (g[s] - ker.Dot(row[:j], p.l[j*n:j*n+j])) * p.inv[j]
		}
		pivot := diag[k] - ker.Dot(row, row)
		if least := floor * diag[k]; !(pivot >= least) {
			pivot = least
			raised++
		}
		p.inv[i] = 1 / math.Sqrt(pivot)
	}
	return raised
}

// solve sets x, over all components, to the solution of H_FF·x_F = a_F, and to 0
// outside F.
func (p *passive) solve(ker *asm.Kernels[float64], x, a []float64) {
	n := len(p.set)
	y := p.y[:n]
	for i, k := range p.set {
		y[i] = (a[k] - ker.Dot(p.l[i*n:i*n+i], y[:i])) * p.inv[i]
	}
	clear(x)
	for i := n - 1; i >= 0; i-- {
		v := y[i] * p.inv[i]
		ker.Axpy(-v, p.l[i*n:i*n+i], y[:i])
		x[p.set[i]] = v
	}
}
