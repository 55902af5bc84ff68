//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package modeldir

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// lock takes hold of a folder, so that others see that somebody works in it. It
// fails when somebody does; the system lets go when the process ends.
func lock(path string) (*os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	switch err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err {
	case nil, unix.ENOTSUP, unix.ENOSYS, unix.ENOLCK: // not on every file system
		return f, nil
	default:
		f.Close()
		return nil, err
	}
}

// held reports whether an error of lock says that somebody works there.
func held(err error) bool { return errors.Is(err, unix.EWOULDBLOCK) }
