// Package output says where a verb writes, and writes whole folders or none.
package output

import (
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"

	"polyad/cmd/polyad/internal/exit"
	"polyad/internal/modeldir"
)

// Folder is the folder that a verb writes into. It is looked at before any work,
// and filled at the end: all at once, or not at all.
type Folder struct {
	Path    string
	filling *atomic.Pointer[string] // the hidden folder that is being filled
}

// Open checks that the path that a flag gives can take the files of a model
// of a kind: it is missing or empty, or force is set, or own is set and all it
// holds is an earlier run of polyad audio.
func Open(filling *atomic.Pointer[string], flag, path, kind string, force, own bool) (*Folder, error) {
	c, err := modeldir.Inspect(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	earlier := c.Audio && len(c.Others)+len(c.Unclear) == 0
	if !c.Empty() && !force && !(own && earlier) {
		return nil, exit.Usagef("%s is not empty; give another %s, or --force to write into it", path, flag)
	}
	if err := c.Refuse(path, surely[kind]); err != nil {
		return nil, exit.Usagef("%s: %w", flag, err)
	}
	// A folder that cannot be written to is better known now than at the end.
	return &Folder{path, filling}, Probe(flag, existing(path))
}

// surely are the files that every model of a kind has.
var surely = map[string][]string{
	"nmf":    {"W.npy", "H.npy"},
	"audio":  {"W.npy", "H.npy"},
	"cpd":    {"weights.npy", "factor_0.npy", "factor_1.npy"},
	"tucker": {"core.npy"},
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

// Fill calls write with a new folder and puts what it leaves there into d, in the
// place of an earlier model. When something fails before that, d is as it was.
func (d *Folder) Fill(write func(dir string) error) error {
	return modeldir.Save(d.Path, func(dir string) error {
		site := filepath.Dir(dir) // nothing but what is being written
		d.filling.Store(&site)
		defer d.filling.Store(nil)
		return write(dir)
	})
}
