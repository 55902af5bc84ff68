//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// ends are the signals that end a run as an interrupt does: also those of a process
// that is told to end, and of a terminal that is closed, unless that is ignored, as
// under nohup.
func ends() []os.Signal {
	s := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		s = append(s, syscall.SIGHUP)
	}
	return s
}
