//go:build !unix

package main

import (
	"os"
	"syscall"
)

// ends are the signals that end a run as an interrupt does.
func ends() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM} }
