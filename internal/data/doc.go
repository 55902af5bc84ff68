// Package data is how solvers see data: through a handful of products over
// blocks of rows, behind a small interface. It is implemented by dense matrices
// in memory ([Dense]), also with missing entries ([Masked]); sparse, on-disk and
// row-distributed data fit behind the same interface without touching a solver.
//
// The rows of W are independent given H, so everything about W happens within
// one block of rows, and everything about H is a sum over blocks: each block
// leaves its share, there are at most [MaxBlocks] of them, they are added in
// order, and the sum goes through [Matrix.Reduce], where a run that has its rows
// on several machines adds the shares of the others.
package data
