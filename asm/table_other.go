//go:build !amd64 || purego

package asm

// archTables returns no tables: there is assembly for amd64 only, and none with
// the tag purego.
func archTables() []*tableSet { return nil }
