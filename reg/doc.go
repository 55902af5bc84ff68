// Package reg holds the penalties of a model's blocks.
//
// A [Penalty] is a sum of homogeneous terms, each with a degree p > 0, a weight
// mu ≥ 0 and, if wanted, a weight per row of the factor:
//
//	R(X) = Σ_terms mu · Σ_i rows_i · Σ_q |x_iq|^p
//
// There is no ½ in front: L2(mu) is mu·||X||_F^2. Degree and weight are kept
// here and nowhere else, so that cost, update, initial scale and balancing
// cannot disagree about a factor of two.
//
// # What penalties of a scale-invariant model mean
//
// When a component's columns may be rescaled against each other without
// changing the model, penalties act only through their product: with one term
// of degree p_b and weight mu_b on each of the blocks b, the best scaling of
// component q costs
//
//	s·( Π_b (p_b·mu_b·g_b)^(1/p_b) )^(1/s),  s = Σ_b 1/p_b,  g_b = Σ_i |x_iq|^p_b
//
// (package balance). So only a weighted geometric mean of the weights matters,
// and a penalty on one block while another block is free of any means nothing:
// the scale moves into the free block. Fits refuse such one-sided penalties.
//
// Reference: J. E. Cohen, V. Leplat, Efficient Algorithms for Regularized
// Nonnegative Scale-invariant Low-rank Approximation Models, SIAM J. Math. Data
// Sci. 7 (2025).
package reg
