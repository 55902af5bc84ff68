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
// Package asm is also the only place that uses unsafe: [Bytes] gives the
// memory of a slice of numbers as bytes, so that files can be read straight
// into it.
package asm
