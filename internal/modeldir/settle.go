package modeldir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"
)

// patience is how long a loader waits for somebody who replaces the model.
const patience = 5 * time.Second

// Settle finishes what a run that was killed has begun to replace in a folder. The
// error says that it cannot be finished; then the folder holds no whole model.
func Settle(dir string) error {
	for _, s := range sites(dir) {
		if m, ok := s.read(); !ok || m.State != stateReplace {
			continue
		}
		var err error
		for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
			if s.lock, err = lock(s.path); err == nil || errors.Is(err, fs.ErrNotExist) || time.Now().After(end) {
				break
			}
		}
		m, ok := s.read() // another one may have finished it
		if ok && err == nil {
			err = s.apply(dir, m)
		}
		s.close()
		if ok && err != nil {
			return fmt.Errorf("%s: the model in it was being replaced when a run ended, and this cannot be finished now: %w", dir, err)
		}
	}
	return nil
}

// Read calls load for a folder that holds a whole model, and again when the model
// was replaced meanwhile.
func Read(dir string, load func() error) error {
	for try := 0; ; try++ {
		if err := Settle(dir); err != nil {
			return err
		}
		before, beforeErr := os.Stat(dir)
		err := load()
		after, afterErr := os.Stat(dir)
		if try == 20 || beforeErr != nil || afterErr != nil || os.SameFile(before, after) && before.ModTime().Equal(after.ModTime()) {
			return err
		}
	}
}

// apply moves the new files into the folder around the site, removes the old ones,
// and then the site. What was done before is not done again.
func (s *site) apply(path string, m marker) error {
	for _, name := range m.New {
		from, to := filepath.Join(s.new(), filepath.FromSlash(name)), filepath.Join(path, filepath.FromSlash(name))
		if !plain(s.new(), name) || !plain(path, name) {
			return fmt.Errorf("%s is not a folder", filepath.Dir(to))
		}
		if _, err := os.Lstat(from); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
			return err
		}
		if err := os.Rename(from, to); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for _, name := range m.Old {
		if slices.Contains(m.New, name) || !plain(path, name) {
			continue
		}
		if err := os.Remove(filepath.Join(path, filepath.FromSlash(name))); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	syncFile(path)
	removeEmpty(filepath.Join(path, "stems"))
	removeEmpty(filepath.Join(s.new(), "stems"))
	return s.remove()
}

// plain reports whether the folder of a name below dir is no link that leads out
// of it.
func plain(dir, name string) bool {
	at := filepath.Dir(filepath.Join(dir, filepath.FromSlash(name)))
	info, err := os.Lstat(at)
	return errors.Is(err, fs.ErrNotExist) || err == nil && info.IsDir()
}

// removeEmpty removes a folder when there is nothing in it.
func removeEmpty(path string) {
	if info, err := os.Lstat(path); err == nil && info.IsDir() {
		os.Remove(path)
	}
}

// remove removes a site whose folder new is empty or gone. The marker goes last.
func (s *site) remove() error {
	if err := os.Remove(s.new()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	os.Remove(filepath.Join(s.path, markerFile+".tmp"))
	if err := os.Remove(filepath.Join(s.path, markerFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Remove(s.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// discard removes a site of this process before its files have gone anywhere.
func (s *site) discard() {
	os.RemoveAll(s.path)
	s.close()
}

// sweep removes the sites in a folder that runs which were killed have left behind
// of models for one folder. What is no model's goes back to where it was; what
// cannot be told apart stays.
func sweep(parent, folder string) {
	for _, s := range sites(parent) {
		m, ok := s.read()
		if ok && m.Folder != folder || !ok && !young(s.path) {
			continue
		}
		var err error
		if s.lock, err = lock(s.path); err != nil {
			continue // somebody works in it
		}
		if m, ok = s.read(); ok {
			s.clear(filepath.Join(parent, folder), m)
		} else if young(s.path) {
			s.remove()
		}
		s.close()
	}
}

// unfinished matches the files that internal/wholefile had not finished.
var unfinished = regexp.MustCompile(`^\.polyad-[0-9a-f]{16}\.tmp$`)

// clear removes a site for the folder path that nobody works in, and all of a
// model's that is in it.
func (s *site) clear(path string, m marker) error {
	switch m.State {
	case stateReplace:
		return s.apply(path, m)
	case stateBegun:
		s.empty(func(name string) bool {
			return written.MatchString(name) || unfinished.MatchString(filepath.Base(name))
		})
	case stateSwap:
		s.empty(func(name string) bool { return slices.Contains(m.New, name) || slices.Contains(m.Old, name) })
		entries, _ := os.ReadDir(s.new())
		for _, e := range entries {
			giveBack(filepath.Join(s.new(), e.Name()), filepath.Join(path, e.Name()))
		}
	}
	if err := s.remove(); err != nil {
		return fmt.Errorf("%s holds files that were in %s and could not be moved back: %w", s.new(), path, err)
	}
	return nil
}

// empty removes the files of the folder new that are known by their names.
func (s *site) empty(known func(name string) bool) {
	for _, inner := range append(sites(s.path), sites(s.new())...) { // a model that saved itself into the new folder
		if m, ok := inner.read(); ok {
			inner.clear(s.new(), m)
		} else if young(inner.path) {
			inner.remove()
		}
	}
	for _, below := range []string{"", "stems"} {
		dir := filepath.Join(s.new(), below)
		if info, err := os.Lstat(dir); err != nil || !info.IsDir() {
			continue
		}
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			if name := filepath.ToSlash(filepath.Join(below, e.Name())); !e.IsDir() && known(name) {
				os.Remove(filepath.Join(dir, e.Name()))
			}
		}
	}
	removeEmpty(filepath.Join(s.new(), "stems"))
}

// giveBack moves an entry of the old folder to the new one, which may have it
// already.
func giveBack(from, to string) {
	a, err := os.Lstat(from)
	if err != nil {
		return
	}
	b, err := os.Lstat(to)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		os.Rename(from, to) // fails where there is no folder to go back to
	case err != nil:
	case os.SameFile(a, b) && a.Mode().IsRegular():
		os.Remove(from)
	case a.Mode()&b.Mode()&os.ModeSymlink != 0:
		x, errX := os.Readlink(from)
		y, errY := os.Readlink(to)
		if errX == nil && errY == nil && x == y {
			os.Remove(from)
		}
	}
}
