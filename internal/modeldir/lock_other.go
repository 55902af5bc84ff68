//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package modeldir

import (
	"errors"
	"os"
	"time"
)

var errHeld = errors.New("somebody works in it")

// held reports whether an error of lock says that somebody works there.
func held(err error) bool { return errors.Is(err, errHeld) }

// lock stands for taking hold of a folder where the system cannot lock one: what
// was touched a moment ago counts as held, but for the process that made it.
func lock(path string) (*os.File, error) {
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if entries, err := os.ReadDir(path); err == nil && len(entries) > 0 && time.Since(info.ModTime()) < time.Minute {
		return nil, errHeld
	}
	return nil, nil
}
