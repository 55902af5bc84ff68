package modeldir

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// swapped lets two folders change places in one step.
func swapped(a, b string) error {
	return unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
}

// canSwap reports whether another folder can take the place of dir and be what it
// was: of the same owner, group, permissions and file system, and not the one that
// this process is in.
func canSwap(dir string) bool {
	var st, above unix.Stat_t
	if unix.Stat(dir, &st) != nil || unix.Stat(filepath.Dir(dir), &above) != nil {
		return false
	}
	if st.Dev != above.Dev || st.Ino == above.Ino || int(st.Uid) != os.Geteuid() {
		return false
	}
	return !around(dir) && !labelled(dir)
}

// around reports whether this process is in dir or below it.
func around(dir string) bool {
	info, err := os.Stat(dir)
	if err != nil {
		return true
	}
	at, err := os.Getwd()
	if err != nil {
		return false
	}
	for {
		if here, err := os.Stat(at); err == nil && os.SameFile(here, info) {
			return true
		}
		if filepath.Dir(at) == at {
			return false
		}
		at = filepath.Dir(at)
	}
}

// labelled reports whether a folder carries access lists or attributes of a user,
// which another one would not have.
func labelled(dir string) bool {
	buf := make([]byte, 4096)
	n, err := unix.Listxattr(dir, buf)
	if err != nil {
		return errors.Is(err, unix.ERANGE)
	}
	for name := range strings.SplitSeq(string(buf[:n]), "\x00") {
		if strings.HasPrefix(name, "user.") || strings.HasPrefix(name, "system.posix_acl") {
			return true
		}
	}
	return false
}

// dress gives a new folder the group and the permissions of an old one.
func dress(dir, like string) error {
	var st unix.Stat_t
	if err := unix.Stat(like, &st); err != nil {
		return err
	}
	var now unix.Stat_t
	if err := unix.Stat(dir, &now); err != nil {
		return err
	}
	if now.Gid != st.Gid {
		if err := os.Chown(dir, -1, int(st.Gid)); err != nil {
			return err
		}
	}
	return unix.Chmod(dir, uint32(st.Mode)&0o7777)
}
