// Package asm holds the kernels that every product of polyad ends in, one
// table of functions per instruction set level and element type.
//
// A driver fetches its table once per call with [For] and then calls through
// it; a call through the table costs about as much as one through a function
// variable. The Generic level is plain Go: it is complete, it is the oracle
// that other levels are tested against, and it is what every architecture
// without a level of its own runs.
//
// Contract of all kernels: the length is that of the slice which the reference
// loop in the kernel's comment ranges over, the other slices are at least as
// long; slices do not overlap unless the kernel says so; nothing is allocated;
// NaN and Inf propagate as in the reference loop. Callers check sizes, kernels
// do not.
//
// # Levels
//
// On amd64 there are AVX2 (with FMA) and AVX512 beside Generic, chosen once by
// the processor's features, never by its model. The environment variable
// POLYAD_SIMD (generic, avx2, avx512) overrides the choice (of a level that is not
// there [EnvError] tells), [Use] does so in tests and benchmarks, and a build with the tag purego has Generic alone.
// Results differ between levels by rounding: sums are taken in another order
// and multiplications and additions fused.
//
// The assembly is written by the module in internal/gen (go generate); users of
// polyad never see what it depends on. Assembly cannot be preempted, so drivers
// hand kernels bounded work: a tile a few hundred deep, a row of a chunk.
//
// # Tiles
//
// All matrix products end in tiles of C that stay in registers, with which
// [Kernels.Mul] covers it. A tile takes A with any two steps between its elements
// and B and C row by row, so the same kernel serves a packed product, V·Hᵀ with V
// read where it lies (B is Hᵀ), Wᵀ·V (A is W, transposed by its steps), the model
// W·H, and Gram matrices. [Kernels.MulPast] writes C past the caches,
// [Kernels.MulPacked] takes copies whose panels are as high as a tile, and the
// tiles of [Kernels.RatioKL] and [Kernels.RatioIS] end as quotients of data by the
// product, which is never stored.
//
// # Strips
//
// Where each component of a factor depends on the ones before it, as in
// [Kernels.HALS] and [Kernels.SolveLower], a kernel works through all components
// of a few vectors of columns. It takes four components at once: what they owe to
// the others is summed in registers, and then they are finished one by one.
//
// Package asm is also the only place that uses unsafe: [Bytes] gives the
// memory of a slice of numbers as bytes, so that files can be read straight
// into it.
package asm
