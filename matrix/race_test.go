//go:build race

package matrix_test

func init() { racing = true }
