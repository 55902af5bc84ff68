package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"polyad/ndio"
)

// savedFit is what a model folder's result.json says of the objective that the
// model was fitted with.
type savedFit struct {
	Schema  string
	Options struct {
		Loss      string
		L1, L2    map[string]float64
		Lp        map[string]string
		Eps       float64
		Fix       []string
		Nonneg    []int
		Method    string
		Normalize string
	}
}

// readSaved returns what is known of a model, nil when its folder has no
// result.json of ours.
func readSaved(dir string) *savedFit {
	b, err := os.ReadFile(filepath.Join(dir, "result.json"))
	var s savedFit
	if err != nil || json.Unmarshal(b, &s) != nil || s.Schema != resultSchema {
		return nil
	}
	return &s
}

// inherit takes the loss and the penalties of the given blocks over from a saved
// fit, unless flags say otherwise, so that new data are judged as the old ones
// were. It returns the floor of that fit, 0 when it is not known.
func (f *fitFlags) inherit(dir string, blocks ...string) (eps float64, err error) {
	s := readSaved(dir)
	if s == nil {
		return 0, nil
	}
	o := &s.Options
	if !f.changed("loss") && o.Loss != "" {
		f.loss = o.Loss
	}
	if f.penalties.any() {
		return o.Eps, nil
	}
	for _, b := range blocks {
		f.penalties.inherit(b, penalty{penaltyL1, 1, o.L1[b]})
		f.penalties.inherit(b, penalty{penaltyL2, 2, o.L2[b]})
		for _, q := range parseLp(o.Lp[b]) {
			f.penalties.inherit(b, q)
		}
	}
	if f.penalties.any() && o.Normalize != "" && o.Normalize != "none" {
		return o.Eps, usagef("%s was normalized after a fit with penalties, whose weights are not those of its scale any more; give --l1, --l2 or --lp (--l1 h=0 for none)", dir)
	}
	return o.Eps, nil
}

// inherit adds a penalty of a saved fit.
func (ps *penalties) inherit(block string, q penalty) {
	if q.weight > 0 {
		b := ps.block(block)
		*b = append(*b, q)
	}
}

// checkModel refuses a folder that holds no model, and says what is missing.
func checkModel(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		return fmt.Errorf("%s: there is no such model folder", dir)
	case !info.IsDir():
		return fmt.Errorf("%s is not a folder; give the folder of a model, as --out wrote it", dir)
	}
	for _, name := range []string{"W.npy", "H.npy"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("%s holds no model of nmf: %s is missing", dir, name)
		}
	}
	return nil
}

// isFloat32 reports whether these arrays of a model are all float32.
func isFloat32(dir string, names ...string) (bool, error) {
	for _, name := range names {
		a, err := ndio.ReadFile(filepath.Join(dir, name))
		if err != nil || a.F32 == nil {
			return false, err
		}
	}
	return true, nil
}
