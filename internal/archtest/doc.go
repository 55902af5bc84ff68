// Package archtest holds no code but a test of the import graph: which package
// may import which, which may use a third-party module, and where unsafe and
// assembly may live. The table of levels is in levels_test.go; a new package is
// added there.
package archtest
