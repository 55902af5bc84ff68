package models

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"polyad/asm"
	"polyad/cmd/polyad/internal/console"
	"polyad/cmd/polyad/internal/exit"
	"polyad/internal/modeldir"
	"polyad/loss"
	"polyad/matrix"
	"polyad/nmf"
	"polyad/solver"
)

// savedFit is what a model folder's result.json says of the objective that the
// model was fitted with.
type savedFit struct {
	Schema, Command, Status string
	Kind                    string
	Arrays                  map[string]string
	RelError                float64 `json:"rel_error"`
	Input                   struct{ File string }
	Options                 struct {
		Loss      string
		Method    string
		L1, L2    map[string]float64
		Lp        map[string]string
		Eps       float64
		Fix       []string
		Nonneg    []int
		Core      bool `json:"nonneg_core"`
		Normalize string
		Missing   string
	}
}

// ReadSaved returns what is known of a model, nil when its folder has no
// result.json, or one of another schema. One that cannot be read is an error:
// without it a model would be judged by another objective than its own.
func ReadSaved(dir string) (*savedFit, error) {
	path := filepath.Join(dir, "result.json")
	b, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	}
	var head struct{ Schema string }
	if err := json.Unmarshal(b, &head); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	switch {
	case !strings.HasPrefix(head.Schema, modeldir.ResultSchema):
		return nil, nil
	case head.Schema != ResultSchema:
		return nil, fmt.Errorf("%s: its schema is %s, and polyad %s knows %s; use a newer polyad", path, console.Quote(head.Schema), Version, ResultSchema)
	}
	var s savedFit
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := s.stale(dir); err != nil {
		return nil, err
	}
	return &s, nil
}

// ErrStale is wrapped when a result.json tells of another model than the one
// beside it.
var ErrStale = errors.New("tells of another model than the arrays beside it, which were written later")

// stale compares the arrays of a model with those that its result.json was written
// for, where it says so.
func (s *savedFit) stale(dir string) error {
	for name, sum := range s.Arrays {
		if !modeldir.IsPart(name) {
			return fmt.Errorf("%s: arrays names %q, which no model has", filepath.Join(dir, "result.json"), name)
		}
		if got, err := sumOf(filepath.Join(dir, name)); err != nil || got != sum {
			return fmt.Errorf("%s %w (%s); say by --loss, --l1, --l2 and --lp what is minimized, or remove it", filepath.Join(dir, "result.json"), ErrStale, name)
		}
	}
	if kind, err := modeldir.Kind(dir); s.Kind != "" && err == nil && kind != s.Kind {
		return fmt.Errorf("%s %w (%s, not %s); say by --loss, --l1, --l2 and --lp what is minimized, or remove it", filepath.Join(dir, "result.json"), ErrStale, kind, s.Kind)
	}
	return nil
}

// SavedModel is a model from a folder, and what is known of its fit.
type SavedModel struct {
	Dir     string
	Shape   []int
	columns []*matrix.Dense[float64]
	ranks   []int
	Saved   *savedFit // an empty one when nothing is known
	known   bool
	Eps     float64 // the floor of its fit
}

// Saved returns what is known of a model. Flags may say what is minimized: then a
// result.json of another model counts for nothing.
func (f *FitFlags) Saved(dir string, m ModelOf[float64]) (*SavedModel, error) {
	of := &SavedModel{Dir: dir, Shape: m.Shape(), columns: m.Columns(), ranks: m.RankList(), Saved: &savedFit{}}
	s, err := ReadSaved(dir)
	if errors.Is(err, ErrStale) && f.Changed("loss") {
		err = nil
	}
	if s != nil {
		of.Saved, of.known, of.Eps = s, true, s.Options.Eps
	}
	return of, err
}

// sumOf returns the SHA-256 of a file.
func sumOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Supposed tells on what grounds new data are judged when nothing says how the
// model was fitted.
func (f *FitFlags) Supposed(of *SavedModel) string {
	if of.known || f.Changed("loss") {
		return ""
	}
	return fmt.Sprintf("%s has no result.json that says how the model was fitted: minimized is the loss %s with the penalties that flags give; --loss says otherwise", of.Dir, f.loss)
}

// check refuses values that no fit writes.
func (s *savedFit) check() error {
	o := &s.Options
	if o.Loss != "" {
		if _, err := loss.Parse(o.Loss); err != nil {
			return fmt.Errorf("options.loss: %s", err) // not a usage error
		}
	}
	if !slices.Contains([]string{"", "hals", "mu", "als", "anls", "hosvd", "hooi"}, o.Method) {
		return fmt.Errorf("options.method is %q; want the name of a method", o.Method)
	}
	if o.Eps < 0 {
		return fmt.Errorf("options.eps is %g; must be at least 0", o.Eps)
	}
	for name, weights := range map[string]map[string]float64{"l1": o.L1, "l2": o.L2} {
		for b, v := range weights {
			if v < 0 {
				return fmt.Errorf("options.%s.%s is %g; must be at least 0", name, b, v)
			}
		}
	}
	for b := range o.Lp {
		if _, err := s.powers(b); err != nil {
			return err
		}
	}
	return nil
}

// powers returns the penalties of other degrees than 1 and 2 of a block.
func (s *savedFit) powers(block string) (ps []penalty, err error) {
	words := s.Options.Lp[block]
	if words == "" {
		return nil, nil
	}
	for _, word := range strings.Split(words, "+") {
		degree, weight, _ := strings.Cut(word, ":")
		p, err1 := strconv.ParseFloat(degree, 64)
		mu, err2 := strconv.ParseFloat(weight, 64)
		if err1 != nil || err2 != nil || !(p > 0) || !(mu >= 0) {
			return nil, fmt.Errorf("options.lp.%s is %q; want P:V", block, words)
		}
		ps = append(ps, penalty{block, "lp", p, mu})
	}
	return ps, nil
}

// penalties returns the penalties of a block.
func (s *savedFit) penalties(block string) (ps []penalty, err error) {
	if ps, err = s.powers(block); err != nil {
		return nil, err
	}
	for _, q := range []penalty{{block, "l1", 1, s.Options.L1[block]}, {block, "l2", 2, s.Options.L2[block]}} {
		if q.Weight > 0 {
			ps = append(ps, q)
		}
	}
	return ps, nil
}

// rescaled reports whether the model was given another scale after the fit, in
// which the weights of the penalties are not what they were.
func (s *savedFit) rescaled() bool {
	return s.Options.Normalize != "" && s.Options.Normalize != "none"
}

// Inherit takes the loss and the penalties of blocks over from the fit of a model,
// unless flags say otherwise, so that new data are judged as the old ones were.
func (f *FitFlags) Inherit(of *SavedModel, keys []string) error {
	s := of.Saved
	if !f.Changed("loss") && s.Options.Loss != "" {
		f.loss = s.Options.Loss
	}
	if len(f.Given) > 0 {
		return nil
	}
	for _, key := range keys {
		given, err := s.penalties(key)
		if err != nil {
			return err
		}
		f.Given = append(f.Given, given...)
	}
	some := everyBlock
	if len(keys) == 1 {
		some = keys[0]
	}
	if f.anyWeight() && s.rescaled() {
		return exit.Usagef("%s was normalized after a fit with penalties, whose weights are not those of its scale any more; give --l1, --l2 or --lp (--l1 %s=0 for none)", of.Dir, some)
	}
	return nil
}

// floor takes the floor of the data over from the fit of a model where the loss needs
// one and no flag gives it.
func (f *FitFlags) floor(eps *solver.Opt[float64], l loss.Loss, of *SavedModel) {
	if l.NeedsPositive() && !eps.IsSet() && of.Eps > 0 {
		*eps = solver.Set(of.Eps)
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
	var missing []string
	for _, name := range []string{"W.npy", "H.npy"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			missing = append(missing, name)
		}
	}
	switch len(missing) {
	case 2:
		return fmt.Errorf("%s holds no model: there is neither W.npy and H.npy (nmf) nor weights.npy (cpd) nor core.npy (tucker)", dir)
	case 1:
		return fmt.Errorf("%s holds no model of nmf: %s is missing", dir, missing[0])
	}
	return nil
}

// checkFinite refuses a model with an entry that is NaN or infinite.
func checkFinite[T asm.Float](dir string, m *nmf.Model[T]) error {
	for name, x := range map[string]*matrix.Dense[T]{"W.npy": m.W, "H.npy": m.H} {
		for i := range x.Rows {
			for j, v := range x.Row(i) {
				if v-v != 0 {
					return fmt.Errorf("%s: entry [%d,%d] is %v; the entries of a model are finite", filepath.Join(dir, name), i, j, v)
				}
			}
		}
	}
	return nil
}

// ChooseMode settles along which of so many modes the samples are new, and refuses
// flags about what stays.
func (f *FitFlags) ChooseMode(keys []string, order int) error {
	end := order - 1
	switch {
	case !f.Changed("mode"):
		f.Along = end
	case f.Along < 0 || f.Along > end:
		return exit.Usagef("--mode %d: the model has the modes 0 to %d", f.Along, end)
	}
	for _, n := range f.Nonneg {
		if n >= order {
			return exit.Usagef("--nonneg=%s: the model has the modes 0 to %d", f.Nonneg, end)
		}
	}
	for _, q := range f.Given {
		switch {
		case q.Block == everyBlock || q.Block == allFactors:
		case !slices.Contains(keys, q.Block):
			return exit.Usagef("--%s: block %s, but the model has the modes 0 to %d", q.Kind, q.Block, end)
		case q.Block == coreKey && q.Weight > 0:
			return exit.Usagef("--%s: the core stays as the model has it, so a penalty on it has no effect; only mode %d is found", q.Kind, f.Along)
		case q.Block != keys[f.Along] && q.Weight > 0:
			title := blockTitle(q.Block)
			return exit.Usagef("--%s: %s stays as the model has it, so a penalty on it has no effect: %s is fixed, only %s is found", q.Kind, title, title, blockTitle(keys[f.Along]))
		}
	}
	if len(f.Nonneg) > 0 && !f.Nonneg.Has(f.Along) {
		return exit.Usagef("--nonneg=%s has no effect: only mode %d is found; give --nonneg", f.Nonneg, f.Along)
	}
	return nil
}
