// Package synth makes data with a known answer: matrices and N-way arrays of
// low rank, with or without noise, together with the model behind them, and the
// Swimmer pictures.
//
//	NMF      X = W·H             W m x r, H r x n, nonnegative
//	CPD      X = Σ_q a_q∘b_q∘…   factors I_n x r
//	Tucker   X = G ×₀ A ×₁ B …   factors I_n x R_n, core R_0 x R_1 x …
//	Swimmer  X = W·H             1024 x 256, 17 parts, all entries 0 or 1
//
// # Entries
//
// Entries of nonnegative factors are uniform on (0, 1], all others are standard
// normal. With a density d below 1 all but round(d·I) entries of each column are
// zero (at least one stays), at places drawn without replacement; of H it is the
// rows. In a Tucker model the core is thinned instead, and the factors are dense.
//
// # Noise
//
// With M for the model and s for the signal-to-noise ratio in dB:
//
//	Gaussian  X = M + N    N is normal and scaled so that ‖M‖²/‖N‖² is exactly s; a
//	                       nonnegative model's data are then cut off at 0
//	Poisson   X ~ P(c·M)   c·M is the model that is returned; c makes the expected
//	                       ‖cM‖²/‖X - cM‖² equal to s, so the brighter the less noise
//	Gamma     X = M∘G      independent entries of mean 1 and variance 1/s: noise in
//	                       proportion to the model, as power spectra have it
//
// These are the noises for which the Frobenius, Kullback-Leibler and Itakura-
// Saito loss is the likelihood. Poisson and gamma noise need a nonnegative model.
//
// # Reproducibility
//
// Everything follows from the seed. Each factor, the core and the noise have a
// random stream of their own (PCG of math/rand/v2), so a factor does not change
// with the sizes of the others, and none is the start that a fit draws from the
// same seed. Factors are the same bits everywhere; X is their product in
// float64, rounded once to the element type, and so equal up to the order in
// which kernels of different processors add.
//
// References:
//
//  1. D. Donoho, V. Stodden, When does non-negative matrix factorization give a
//     correct decomposition into parts?, NIPS 16 (2003): Swimmer.
//  2. W. Hörmann, The transformed rejection method for generating Poisson random
//     variables, Insurance: Mathematics and Economics 12 (1993).
//  3. G. Marsaglia, W. W. Tsang, A simple method for generating gamma variables,
//     ACM TOMS 26 (2000).
package synth
