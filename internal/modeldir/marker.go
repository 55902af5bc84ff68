package modeldir

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
)

// site is a hidden folder in which a model is built: its marker says whose it is
// and how far the work got, and the folder new receives the files.
type site struct {
	path string
	lock *os.File // held by the process that works here
}

// markerFile is the marker of a site; newFolder is where the files go.
const (
	markerFile = "marker.json"
	newFolder  = "new"
	markerText = "polyad builds a model here; a folder that a killed run has left is removed by the next one"
)

// State is how far the work at a site got.
const (
	stateBegun   = "begun"   // the folder new is being filled; nothing else was touched
	stateSwap    = "swap"    // new and the old folder may have changed places
	stateReplace = "replace" // the files of new take the places of those in the folder around; to be finished by whoever comes
)

// marker is the content of the marker file.
type marker struct {
	Polyad string   `json:"polyad"` // markerText
	Site   string   `json:"site"`   // the name of the hidden folder: a copy elsewhere is no site
	Folder string   `json:"folder"` // the name of the folder that the model is for
	State  string   `json:"state"`
	New    []string `json:"new,omitempty"` // the files of the new model
	Old    []string `json:"old,omitempty"` // the files of the old one
}

// begin makes a site in the folder parent for a model that goes to folder.
func begin(parent, folder string) (s *site, err error) {
	for range 100 { // somebody who sweeps may take one without a marker
		s = &site{path: filepath.Join(parent, fmt.Sprintf(".polyad-%016x", rand.Uint64()))}
		if err = os.Mkdir(s.path, 0o777); os.IsExist(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if s.lock, err = lock(s.path); err == nil {
			err = s.mark(marker{Folder: folder, State: stateBegun})
		}
		if err == nil {
			err = os.Mkdir(s.new(), 0o777)
		}
		if err == nil {
			return s, nil
		}
		s.remove()
		s.close()
		if !os.IsNotExist(err) && !held(err) {
			return nil, err
		}
	}
	return nil, err
}

func (s *site) new() string { return filepath.Join(s.path, newFolder) }

// close lets others have the site.
func (s *site) close() {
	if s.lock != nil {
		s.lock.Close()
		s.lock = nil
	}
}

// mark writes the marker, whole or not at all.
func (s *site) mark(m marker) error {
	m.Polyad, m.Site = markerText, filepath.Base(s.path)
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	path := filepath.Join(s.path, markerFile)
	if err := writeSynced(path+".tmp", append(b, '\n')); err != nil {
		return err
	}
	return os.Rename(path+".tmp", path)
}

func writeSynced(path string, b []byte) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if e := f.Sync(); err == nil {
		err = e
	}
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}

// read returns the marker of a site; ok is false when there is none of ours, or
// it asks for what no run of ours would.
func (s *site) read() (m marker, ok bool) {
	info, err := os.Lstat(s.path)
	if err != nil || !info.IsDir() || !hidden.MatchString(filepath.Base(s.path)) {
		return m, false
	}
	b, err := os.ReadFile(filepath.Join(s.path, markerFile))
	if err != nil || json.Unmarshal(b, &m) != nil || m.Polyad != markerText || m.Site != filepath.Base(s.path) {
		return m, false
	}
	if info, err := os.Lstat(s.new()); err != nil && !os.IsNotExist(err) || err == nil && !info.IsDir() {
		return m, false
	}
	strange := func(name string) bool { return !written.MatchString(name) }
	if slices.ContainsFunc(m.New, strange) || slices.ContainsFunc(m.Old, strange) {
		return m, false
	}
	return m, slices.Contains([]string{stateBegun, stateSwap, stateReplace}, m.State)
}

// ours reports whether a folder is a site of ours, or the first moment of one.
func ours(path string) bool {
	if _, ok := (&site{path: path}).read(); ok {
		return true
	}
	return young(path)
}

// young reports whether a hidden folder holds nothing but what a site holds before
// its marker is written: nothing, or the beginning of the marker.
func young(path string) bool {
	entries, err := os.ReadDir(path)
	if err != nil || len(entries) > 1 {
		return false
	}
	if len(entries) == 0 {
		return true
	}
	b, err := os.ReadFile(filepath.Join(path, markerFile+".tmp"))
	return err == nil && (len(b) == 0 || bytes.HasPrefix(b, []byte(`{"polyad":"`)))
}

// sites lists the sites in a folder.
func sites(dir string) (list []*site) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if e.IsDir() && hidden.MatchString(e.Name()) {
			list = append(list, &site{path: filepath.Join(dir, e.Name())})
		}
	}
	return list
}

// Probe reports that nothing can be written into a folder.
func Probe(dir string) error {
	path := filepath.Join(dir, fmt.Sprintf(".polyad-%016x", rand.Uint64()))
	if err := os.Mkdir(path, 0o777); err != nil {
		return err
	}
	return os.Remove(path)
}
