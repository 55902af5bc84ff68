//go:build !linux

package modeldir

import "errors"

// Elsewhere no two folders change places in one step.

func swapped(a, b string) error { return errors.ErrUnsupported }

func canSwap(dir string) bool { return false }

func dress(dir, like string) error { return nil }
