package modeldir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ErrUnclear is wrapped when a folder has files that could be taken for parts of a
// model and nothing says that they are.
var ErrUnclear = errors.New("could be mistaken for parts of the model")

// Save lets write fill a new, empty folder with the files of a model and puts them
// into dir, which is made when it is missing. Of what was in dir all files of an
// earlier model go ([Inspect] says which), and all else stays. Whenever the process
// ends, dir has the earlier model or the new one, or a loader that begins with
// [Read] or [Settle] makes it so. When write or what comes before it fails, dir is
// what it was. Write may be called twice.
func Save(dir string, write func(dir string) error) error {
	path, err := resolve(dir)
	if err != nil {
		return err
	}
	switch info, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return create(path, write)
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is not a folder; choose another name", dir)
	}
	sweep(filepath.Dir(path), filepath.Base(path))
	if err := Settle(path); err != nil {
		return err
	}
	sweep(path, ".")
	if mayExchange(path) {
		if done, err := replace(path, write); done || err != nil {
			return err
		}
	}
	return inPlace(path, write)
}

// resolve returns the path of the folder itself: links stay, to what they are to.
func resolve(dir string) (string, error) {
	if dir == "" {
		return "", &fs.PathError{Op: "mkdir", Path: dir, Err: fs.ErrNotExist}
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	return filepath.Abs(dir)
}

// create makes a folder that there is not.
func create(path string, write func(dir string) error) (err error) {
	parent := filepath.Dir(path)
	defer func(top string) {
		for at := parent; err != nil && at != top; at = filepath.Dir(at) {
			os.Remove(at) // made by us; stays when something is in it
		}
	}(existing(parent))
	if err := os.MkdirAll(parent, 0o777); err != nil {
		return err
	}
	sweep(parent, filepath.Base(path))
	s, err := begin(parent, filepath.Base(path))
	if err != nil {
		return err
	}
	defer s.discard()
	if _, err := s.fill(write); err != nil {
		return err
	}
	if err := os.Rename(s.new(), path); err != nil {
		return err
	}
	syncFile(parent)
	return nil
}

// existing returns a path, or the nearest one above it that there is.
func existing(path string) string {
	for {
		if _, err := os.Stat(path); err == nil || filepath.Dir(path) == path {
			return path
		}
		path = filepath.Dir(path)
	}
}

// replace builds the whole folder anew beside the old one and lets the two change
// places. Done is false when that cannot be done here; then nothing has happened.
func replace(path string, write func(dir string) error) (done bool, err error) {
	c, err := Inspect(path)
	if err != nil || !linkable(path, c.Others) {
		return false, err
	}
	s, err := begin(filepath.Dir(path), filepath.Base(path))
	if err != nil {
		return false, nil
	}
	swap := false
	defer func() {
		if !swap {
			s.discard()
		}
	}()
	m := marker{Folder: filepath.Base(path), State: stateSwap}
	if m.New, err = s.fill(write); err != nil {
		return false, err
	}
	if c, err = check(path, m.New); err != nil { // it may have changed since
		return false, err
	}
	m.Old = c.Model
	if err := s.mark(m); err != nil {
		return false, err
	}
	if !s.keep(path, &c, m.New) || dress(s.new(), path) != nil {
		return false, nil
	}
	syncFile(s.new())
	if swapped(s.new(), path) != nil {
		return false, nil
	}
	swap = true
	syncFile(filepath.Dir(path))
	if c, err := Inspect(s.new()); err == nil { // somebody else may have been here
		m.Old = append(m.Old, c.Model...)
	}
	s.close()
	return true, s.clear(path, m)
}

// linkable reports whether all these entries can be in two folders at once.
func linkable(path string, names []string) bool {
	for _, name := range names {
		info, err := os.Lstat(filepath.Join(path, name))
		if err != nil || !info.Mode().IsRegular() && info.Mode()&os.ModeSymlink == 0 {
			return false
		}
	}
	return len(names) <= 1000
}

// keep puts what is no model's into the new folder as well, and gives new files the
// permissions of those whose places they take.
func (s *site) keep(path string, c *Contents, files []string) bool {
	for _, name := range append(slices.Clone(c.Others), c.Unclear...) {
		from, to := filepath.Join(path, name), filepath.Join(s.new(), name)
		info, err := os.Lstat(from)
		switch {
		case err != nil:
			return false
		case slices.Contains(files, name):
			continue
		case info.Mode()&os.ModeSymlink != 0:
			target, err := os.Readlink(from)
			if err != nil || os.Symlink(target, to) != nil {
				return false
			}
		case !info.Mode().IsRegular() || os.Link(from, to) != nil:
			return false
		}
	}
	s.permit(path, files)
	return true
}

// permit gives new files the permissions of those whose places they take.
func (s *site) permit(path string, files []string) {
	for _, name := range files {
		if info, err := os.Lstat(filepath.Join(path, name)); err == nil && info.Mode().IsRegular() {
			os.Chmod(filepath.Join(s.new(), name), info.Mode().Perm())
		}
	}
}

// inPlace collects the new files in a hidden folder inside the old one and moves
// them from there.
func inPlace(path string, write func(dir string) error) error {
	s, err := begin(path, ".")
	if err != nil {
		return err
	}
	committed := false
	defer func() {
		if !committed {
			s.discard()
		}
		s.close()
	}()
	m := marker{Folder: ".", State: stateReplace}
	if m.New, err = s.fill(write); err != nil {
		return err
	}
	c, err := check(path, m.New)
	if err != nil {
		return err
	}
	m.Old = c.Model
	s.permit(path, m.New)
	if err := s.mark(m); err != nil {
		return err
	}
	committed = true
	return s.apply(path, m)
}

// fill lets write fill the folder new and returns the files that it made.
func (s *site) fill(write func(dir string) error) (files []string, err error) {
	if err := write(s.new()); err != nil {
		return nil, err
	}
	err = filepath.WalkDir(s.new(), func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(s.new(), p)
		if err != nil {
			return err
		}
		if name := filepath.ToSlash(rel); !e.IsDir() {
			if !written.MatchString(name) {
				return fmt.Errorf("modeldir: %s is none of the files that a model's folder has", name)
			}
			files = append(files, name)
		}
		return syncFile(p)
	})
	return files, err
}

// syncFile waits until a file or a folder is on the disk. Not every system can do
// that for folders.
func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		f.Sync()
		return nil
	}
	if err := f.Sync(); err != nil && !errors.Is(err, fs.ErrPermission) { // of a file that was opened to be read
		return err
	}
	return nil
}

// check refuses to put files into a folder where they would be mistaken, or that
// has folders of their names.
func check(path string, files []string) (c Contents, err error) {
	if c, err = Inspect(path); err != nil {
		return c, err
	}
	if err := c.Refuse(path, files); err != nil {
		return c, err
	}
	for _, name := range files {
		if info, err := os.Lstat(filepath.Join(path, name)); err == nil && info.IsDir() {
			return c, fmt.Errorf("%s is a folder, and a file of this name is to be written", filepath.Join(path, name))
		}
	}
	return c, nil
}

// Refuse returns an error that wraps [ErrUnclear] when a model of these files would
// be mistaken in a folder.
func (c *Contents) Refuse(path string, files []string) error {
	tensors := slices.ContainsFunc(files, func(name string) bool { return name == "weights.npy" || name == "core.npy" })
	var bad []string
	for _, name := range c.Unclear {
		factor := strings.HasPrefix(name, "factor_")
		if !slices.Contains(files, name) && (factor && tensors || !factor && !strings.HasSuffix(name, ".npy")) {
			bad = append(bad, name)
		}
	}
	if len(bad) == 0 {
		return nil
	}
	return fmt.Errorf("%s: %s %w, and is no model's as far as can be told; move it away, or choose another folder", path, strings.Join(bad, ", "), ErrUnclear)
}

// mayExchange is canSwap, but in tests of what is done elsewhere.
var mayExchange = canSwap
