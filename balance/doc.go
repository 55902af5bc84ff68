// Package balance scales the factors of a model against each other so that the
// model stays the same and its penalties become as small as they can.
//
// # Columns
//
// For each component q of a model with blocks b and penalties R_b, [Columns]
// minimizes Σ_b R_b(λ_b·x_bq) over λ_b > 0 with Π_b λ_b = 1. In logarithms this
// is strictly convex, so the solution is unique; at it all
//
//	β_q = d R_b / d log λ_b = Σ_terms p·mu·g(λ_b·x_bq)
//
// are equal. When every block has one term of degree p_b and value a_b,
//
//	β = ( Π_b (p_b a_b)^(1/p_b) )^(1 / Σ_b 1/p_b),   λ_b = ( β/(p_b a_b) )^(1/p_b);
//
// otherwise (l1 and l2 on one block) the scalar equation Σ_b log λ_b(β) = 0 is
// solved for each component. Cost O(r·Σ_b I_b). A component with a zero column
// in one block becomes zero in all of them and is reported as pruned.
//
// # Tucker models
//
// The columns of the factors of a Tucker model are scaled against the slices of
// its core: [Scalar] with one scale for each block, [Sinkhorn] with one for each
// column, until p_n·mu_n·g_n(column) = p_G·mu_G·g_G(slice) for all of them.
//
// # The floor of multiplicative updates
//
// Nonnegative models whose entries are kept above a floor eps are balanced as
// if entries at the floor were zeros: entries ≤ eps become 0, the columns are
// scaled, everything is raised to eps again. [Balancer] does all three.
//
// # Initial scale
//
// [InitialScale] returns the common factor of all blocks of a starting point
// that fits it to the data and the penalties best. Without it strong penalties
// can drive a start of the wrong size to zero for good (zero-locking).
//
// Reference: J. E. Cohen, V. Leplat, Efficient Algorithms for Regularized
// Nonnegative Scale-invariant Low-rank Approximation Models, SIAM J. Math. Data
// Sci. 7 (2025); the formulas here correct misprints of its slides.
package balance
