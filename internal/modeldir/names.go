package modeldir

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// part matches the files that a loader takes for parts of a model: one of an
// older model that stays would be taken for a part of the newer one.
var part = regexp.MustCompile(`^(W|H|weights|core|factor_\d+|lambda|lambda_path)\.npy$|^names_\d+\.txt$|^axis_\d+\.csv$`)

// written matches every file that a run leaves in a model's folder.
var written = regexp.MustCompile(part.String() + `|^(result\.json|trace\.csv|report\.html|recording\.wav|stems/\d+\.wav)$`)

// hidden matches the names of the folders in which models are built.
var hidden = regexp.MustCompile(`^\.polyad-[0-9a-f]{16}$`)

// ResultSchema begins the schema of every result.json of ours; behind it stands
// its version.
const ResultSchema = "polyad/result/"

// Contents says whose the files of a folder are. Names have slashes.
type Contents struct {
	// Model are the files of an earlier model of ours, which a new one replaces or
	// removes.
	Model []string

	// Unclear are files with names of a model's parts in a folder that nothing says
	// is one of a model. A model that is put beside them would be mistaken.
	Unclear []string

	// Others are all other entries, folders too. They stay.
	Others []string

	// Audio says that the model is one of polyad audio's.
	Audio bool
}

// Empty reports whether there is nothing.
func (c *Contents) Empty() bool { return len(c.Model)+len(c.Unclear)+len(c.Others) == 0 }

// Inspect says whose the files of a folder are. A folder that there is not is
// empty. Hidden folders of ours do not count.
func Inspect(dir string) (c Contents, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		return c, err
	}
	var parts, others []string
	for _, e := range entries {
		name := e.Name()
		switch {
		case e.IsDir() && hidden.MatchString(name) && ours(filepath.Join(dir, name)):
		case part.MatchString(name) && (e.Type().IsRegular() || e.Type()&os.ModeSymlink != 0):
			parts = append(parts, name)
		default:
			others = append(others, name)
		}
	}
	result := readResult(dir)
	if len(others) > 0 && !complete(parts) && result.Schema == "" {
		c.Unclear, c.Others = parts, others
		return c, nil
	}
	c.Model = parts
	c.Audio = strings.HasPrefix(result.Command, "polyad audio")
	for _, name := range others {
		switch {
		case name == "result.json" && result.Schema != "", name == "trace.csv" && isTrace(filepath.Join(dir, name)),
			c.Audio && (name == "report.html" || name == "recording.wav") && isFile(filepath.Join(dir, name)):
			c.Model = append(c.Model, name)
		case c.Audio && name == "stems":
			stems, all := stemsOf(dir)
			c.Model = append(c.Model, stems...)
			if !all {
				c.Others = append(c.Others, name)
			}
		default:
			c.Others = append(c.Others, name)
		}
	}
	return c, nil
}

// complete reports whether these are the arrays of a model.
func complete(parts []string) bool {
	has := func(name string) bool { return slices.Contains(parts, name) }
	factor := slices.ContainsFunc(parts, func(s string) bool { return strings.HasPrefix(s, "factor_") })
	return has("W.npy") && has("H.npy") || has("weights.npy") && has("factor_0.npy") || has("core.npy") && factor
}

// result is what is read here of a result.json.
type result struct{ Schema, Command, Kind string }

// readResult returns that of a result.json of ours, empty when there is none.
func readResult(dir string) (r result) {
	b, err := os.ReadFile(filepath.Join(dir, "result.json"))
	if err != nil || json.Unmarshal(b, &r) != nil || !strings.HasPrefix(r.Schema, ResultSchema) {
		return result{}
	}
	return r
}

// isTrace reports whether a file begins as a trace of ours does.
func isTrace(path string) bool {
	want := []byte("iter,seconds,objective,")
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, len(want))
	_, err = io.ReadFull(f, head)
	return err == nil && bytes.Equal(head, want)
}

// isFile reports whether there is a file, or a link, of a name.
func isFile(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && (info.Mode().IsRegular() || info.Mode()&os.ModeSymlink != 0)
}

// stemsOf lists the stems of an earlier run; all reports whether there is nothing
// else among them.
func stemsOf(dir string) (stems []string, all bool) {
	if info, err := os.Lstat(filepath.Join(dir, "stems")); err != nil || !info.IsDir() {
		return nil, false
	}
	entries, err := os.ReadDir(filepath.Join(dir, "stems"))
	all = err == nil
	for _, e := range entries {
		name := "stems/" + e.Name()
		if written.MatchString(name) && e.Type().IsRegular() {
			stems = append(stems, name)
		} else {
			all = false
		}
	}
	return stems, all
}

// Kind returns what kind of model a folder holds: cpd, tucker, or else nmf, also
// when there is none. What is half replaced is finished first. Parts of models of
// several kinds are an error when no result.json says which it is.
func Kind(dir string) (kind string, err error) {
	if err := Settle(dir); err != nil {
		return "", err
	}
	var found, kinds []string
	for _, k := range []struct{ kind, file, other string }{{"nmf", "W.npy", "H.npy"}, {"cpd", "weights.npy", "weights.npy"}, {"tucker", "core.npy", "core.npy"}} {
		if exists(filepath.Join(dir, k.file)) && exists(filepath.Join(dir, k.other)) {
			kinds, found = append(kinds, k.kind), append(found, k.file)
		}
	}
	switch len(kinds) {
	case 0:
		return "nmf", nil
	case 1:
		return kinds[0], nil
	}
	if r := readResult(dir); slices.Contains(kinds, r.Kind) { // others were there before it
		return r.Kind, nil
	}
	return "", fmt.Errorf("%s: %s are parts of models of several kinds; move away what is not this model's", dir, strings.Join(found, " and "))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// IsPart reports whether a name is one of a model's parts.
func IsPart(name string) bool { return part.MatchString(name) }
