// Package loss holds the divergences that fits minimize.
//
// A [Loss] is a beta-divergence D_β(X, Y) = Σ d_β(x, y) with
//
//	d_2(x, y) = ½ (x - y)²                                       Frobenius
//	d_1(x, y) = x log(x/y) - x + y,  0 log 0 = 0                 Kullback-Leibler
//	d_0(x, y) = x/y - log(x/y) - 1                               Itakura-Saito
//	d_β(x, y) = (x^β + (β-1) y^β - β x y^(β-1)) / (β (β-1))      any other β
//
// for x ≥ 0 and y > 0; it is continuous in β, and only β = 2 has the ½ of its
// own. At β ≤ 0 the data must be positive. D_β(σX, σY) = σ^β D_β(X, Y).
//
// References: C. Févotte, J. Idier, Algorithms for nonnegative matrix
// factorization with the β-divergence, Neural Computation 23 (2011).
package loss
