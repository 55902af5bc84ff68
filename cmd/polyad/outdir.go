package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// outDir is the folder that a verb writes into. It is looked at before any
// work, and filled at the end: everything is written into a hidden folder
// inside it first and then moved, so that files appear whole or not at all.
type outDir struct {
	path  string
	stale []string // files of an earlier run, to be removed
}

// openOut checks that path can take the files: it is missing or empty, or force
// is set, or own is set and all it holds is an earlier run of ours.
func openOut(path string, force, own bool) (*outDir, error) {
	d := &outDir{path: path}
	entries, err := os.ReadDir(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("--out: %w", err)
	case len(entries) == 0, force:
	default:
		if own {
			d.stale, own = earlierRun(path)
		}
		if !own {
			return nil, usagef("%s is not empty; give another --out, or --force to write into it", path)
		}
	}
	// A folder that cannot be written to is better known now than at the end.
	parent := path
	for {
		if _, err := os.Stat(parent); err == nil || filepath.Dir(parent) == parent {
			break
		}
		parent = filepath.Dir(parent)
	}
	probe, err := os.MkdirTemp(parent, ".polyad-")
	if err != nil {
		return nil, fmt.Errorf("--out: cannot write into %s: %w", parent, err)
	}
	return d, os.Remove(probe)
}

// earlierRun lists the files below path when they are the output of an earlier
// run of polyad audio and nothing else.
func earlierRun(path string) (files []string, ok bool) {
	b, err := os.ReadFile(filepath.Join(path, "result.json"))
	var result struct{ Schema, Command string }
	if err != nil || json.Unmarshal(b, &result) != nil || result.Schema != resultSchema || !strings.HasPrefix(result.Command, "polyad audio") {
		return nil, false
	}
	ok = true
	err = filepath.WalkDir(path, func(p string, e fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(path, p)
		switch rel = filepath.ToSlash(rel); {
		case err != nil:
			return err
		case e.IsDir():
			ok = ok && (rel == "." || rel == "stems")
		case rel == "result.json", rel == "trace.csv", rel == "report.html", rel == mixtureFile, rel == "W.npy", rel == "H.npy", strings.HasPrefix(rel, "stems/") && strings.HasSuffix(rel, ".wav"):
			files = append(files, p)
		default:
			ok = false
		}
		return nil
	})
	return files, ok && err == nil
}

// fill calls write with a hidden folder inside d and moves what it leaves there
// into d. When something fails before that, nothing is left behind.
func (d *outDir) fill(write func(dir string) error) (err error) {
	_, statErr := os.Stat(d.path)
	if err := os.MkdirAll(d.path, 0o777); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(d.path, ".polyad-")
	if err != nil {
		return err
	}
	defer func() {
		os.RemoveAll(tmp)
		if err != nil && statErr != nil {
			os.Remove(d.path) // made by us; stays when something is in it
		}
	}()
	if err := write(tmp); err != nil {
		return err
	}
	for _, f := range d.stale {
		if err := os.Remove(f); err != nil {
			return err
		}
	}
	return filepath.WalkDir(tmp, func(p string, e fs.DirEntry, err error) error {
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
		return os.Rename(p, to)
	})
}
