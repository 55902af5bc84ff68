package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// outDir is the folder that a verb writes into. It is looked at before any
// work, and filled at the end: everything is written into a hidden folder
// inside it first and then moved, so that files appear whole or not at all.
type outDir struct {
	app   *app
	path  string
	stale []string // what earlier runs left and this one does not replace
}

// hiddenPrefix begins the names of our hidden folders. One that a killed run has
// left behind is ours to remove.
const hiddenPrefix = ".polyad-"

// openOut is openFolder for --out.
func (a *app) openOut(path string, force, own bool) (*outDir, error) {
	return a.openFolder("--out", path, force, own)
}

// openFolder checks that the path that a flag gives can take the files: it is
// missing or empty, or force is set, or own is set and all it holds is an earlier
// run of ours.
func (a *app) openFolder(flag, path string, force, own bool) (*outDir, error) {
	d := &outDir{app: a, path: path}
	entries, err := os.ReadDir(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), hiddenPrefix) {
			d.stale = append(d.stale, filepath.Join(path, e.Name()))
		}
	}
	if len(entries) > len(d.stale) {
		files, ours := earlierRun(path)
		if !force && !(own && ours) {
			return nil, usagef("%s is not empty; give another %s, or --force to write into it", path, flag)
		}
		d.stale = append(append(d.stale, files...), earlierModel(path, entries)...)
	}
	// A folder that cannot be written to is better known now than at the end.
	return d, canCreateIn(flag, existing(path))
}

// modelFile are the names of the files of models.
var modelFile = regexp.MustCompile(`^(W|H|weights|core|factor_\d+)\.npy$`)

// earlierModel lists the files of an earlier model in a folder: beside a
// result.json of ours, or when there is nothing else. Those that a new model does
// not replace would be taken for parts of it.
func earlierModel(path string, entries []fs.DirEntry) (files []string) {
	alone := true
	for _, e := range entries {
		switch name := e.Name(); {
		case modelFile.MatchString(name) && e.Type().IsRegular():
			files = append(files, filepath.Join(path, name))
		case !strings.HasPrefix(name, hiddenPrefix):
			alone = false
		}
	}
	if saved, err := readSaved(path); !alone && (saved == nil || err != nil) {
		return nil
	}
	return files
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

// earlierRun lists the files that an earlier run of polyad audio has left below
// path; all reports whether there is nothing else.
func earlierRun(path string) (files []string, all bool) {
	b, err := os.ReadFile(filepath.Join(path, "result.json"))
	var result struct{ Schema, Command string }
	if err != nil || json.Unmarshal(b, &result) != nil || result.Schema != resultSchema || !strings.HasPrefix(result.Command, "polyad audio") {
		return nil, false
	}
	all = true
	err = filepath.WalkDir(path, func(p string, e fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(path, p)
		switch rel = filepath.ToSlash(rel); {
		case err != nil:
			return err
		case e.IsDir() && strings.HasPrefix(rel, hiddenPrefix):
			return fs.SkipDir
		case e.IsDir():
			all = all && (rel == "." || rel == "stems")
		case rel == "result.json", rel == "trace.csv", rel == "report.html", rel == mixtureFile, rel == "W.npy", rel == "H.npy", strings.HasPrefix(rel, "stems/") && strings.HasSuffix(rel, ".wav"):
			files = append(files, p)
		default:
			all = false
		}
		return nil
	})
	return files, all && err == nil
}

// fill calls write with a hidden folder inside d and moves what it leaves there
// into d. When something fails before that, nothing is left behind.
func (d *outDir) fill(write func(dir string) error) (err error) {
	_, statErr := os.Stat(d.path)
	if err := os.MkdirAll(d.path, 0o777); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(d.path, hiddenPrefix)
	if err != nil {
		return err
	}
	d.app.unfinished.Store(&tmp)
	defer func() {
		os.RemoveAll(tmp)
		d.app.unfinished.Store(nil)
		if err != nil && statErr != nil {
			os.Remove(d.path) // made by us; stays when something is in it
		}
	}()
	if err := write(tmp); err != nil {
		return err
	}
	moved, err := d.move(tmp)
	if err != nil {
		return err
	}
	for _, f := range d.stale {
		if !moved[f] {
			if err := os.RemoveAll(f); err != nil {
				return err
			}
		}
	}
	return nil
}

// move moves the files below tmp into d and returns their new paths.
func (d *outDir) move(tmp string) (moved map[string]bool, err error) {
	moved = map[string]bool{}
	err = filepath.WalkDir(tmp, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(tmp, p)
		if err != nil {
			return err
		}
		to := filepath.Join(d.path, rel)
		if e.IsDir() {
			return os.MkdirAll(to, 0o777)
		}
		moved[to] = true
		return os.Rename(p, to)
	})
	return moved, err
}
