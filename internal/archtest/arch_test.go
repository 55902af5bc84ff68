package archtest

import (
	"bufio"
	"bytes"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/internal/apitest"
)

const module = "polyad"

// file is what the rules look at in a source file.
type file struct {
	name      string // slash-separated, from the root
	imports   []string
	lines     int
	generated bool
}

func (f file) folder() string { return path.Dir(f.name) }
func (f file) test() bool     { return strings.HasSuffix(f.name, "_test.go") }

var (
	generated = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.\r?$`)
	ignored   = regexp.MustCompile(`(?m)^//go:build ignore\r?$`)
)

// sources reads all Go and assembly files of the module, whatever their build
// constraints. Nested modules, testdata and hidden folders are none of it.
func sources(t *testing.T) (files []file) {
	top := apitest.Root(t)
	require.NoError(t, filepath.WalkDir(top, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && p != top {
			_, nested := os.Stat(filepath.Join(p, "go.mod"))
			if nested == nil || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") || strings.HasPrefix(d.Name(), "_") {
				return filepath.SkipDir
			}
		}
		ext := filepath.Ext(p)
		if d.IsDir() || ext != ".go" && ext != ".s" {
			return nil
		}
		rel, err := filepath.Rel(top, p)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		f := file{name: filepath.ToSlash(rel), lines: bytes.Count(text, []byte("\n")), generated: generated.Match(text)}
		if ext == ".go" {
			if ignored.Match(text) {
				return nil
			}
			src, err := parser.ParseFile(token.NewFileSet(), p, text, parser.ImportsOnly)
			if err != nil {
				return err
			}
			for _, i := range src.Imports {
				name, err := strconv.Unquote(i.Path.Value)
				if err != nil {
					return err
				}
				f.imports = append(f.imports, name)
			}
		}
		files = append(files, f)
		return nil
	}))
	return files
}

// within reports whether a path is a folder or below it.
func within(p, folder string) bool { return p == folder || strings.HasPrefix(p, folder+"/") }

func isProgram(pkg string) bool {
	for _, f := range programFolders {
		if within(pkg, f) {
			return true
		}
	}
	return false
}

// level returns the level of a package of the module.
func level(pkg string) (l int, ok bool) {
	if isProgram(pkg) {
		return programs, true
	}
	l, ok = levels[pkg]
	return l, ok
}

// violations returns what breaks the rules, sorted and each once.
func violations(files []file) []string {
	found := map[string]bool{}
	say := func(format string, args ...any) { found[fmt.Sprintf(format, args...)] = true }
	for _, f := range files {
		if f.lines > maxLines && !f.generated {
			say("%s has %d lines, more than %d: split it", f.name, f.lines, maxLines)
		}
		if path.Ext(f.name) == ".s" {
			if f.folder() != "asm" {
				say("%s: assembly lives in asm alone", f.name)
			}
			continue
		}
		pkg := f.folder()
		if _, ok := level(pkg); !ok && !helpers[pkg] {
			say("package %s is not in the table of levels: add it to internal/archtest/levels_test.go", pkg)
			continue
		}
		for _, i := range f.imports {
			switch {
			case i == "C":
				say("%s imports C: there is no cgo in this module", f.name)
			case i == "unsafe":
				if pkg != "asm" {
					say("%s imports unsafe, which asm alone may", f.name)
				}
			case f.test():
			case within(i, module):
				if msg := local(pkg, strings.TrimPrefix(i, module+"/")); msg != "" {
					say("%s", msg)
				}
			case strings.Contains(strings.Split(i, "/")[0], "."):
				if msg := foreign(pkg, i); msg != "" {
					say("%s", msg)
				}
			}
		}
	}
	var list []string
	for v := range found {
		list = append(list, v)
	}
	sort.Strings(list)
	return list
}

// local returns what is wrong with an import of a package of the module.
func local(pkg, imported string) string {
	from, _ := level(pkg)
	to, ok := level(imported)
	switch {
	case helpers[imported]:
		return fmt.Sprintf("package %s imports %s, which is for tests only", pkg, imported)
	case helpers[pkg], !ok: // a package that is not in the table is reported by itself
		return ""
	case within(pkg, "cmd/polyad") && within(imported, "cmd/polyad"): // its own subpackages
		return ""
	case to >= from:
		return fmt.Sprintf("package %s (level %d) imports %s (level %d): imports go to a lower level", pkg, from, imported, to)
	}
	return ""
}

// foreign returns what is wrong with an import of a third-party package.
func foreign(pkg, imported string) string {
	for _, g := range grants {
		if within(pkg, g.importer) && within(imported, g.path) {
			return ""
		}
	}
	if l, ok := level(pkg); ok && (l == 0 || pkg == "solver") {
		return fmt.Sprintf("package %s (level %d) imports %s: it is to import the standard library only, and polyad's", pkg, l, imported)
	}
	for _, r := range restricted {
		if within(imported, r) {
			return fmt.Sprintf("package %s must not import %s", pkg, imported)
		}
	}
	return ""
}

func TestImportsFollowTheArchitecture(t *testing.T) {
	files := sources(t)
	names := map[string]bool{}
	for _, f := range files {
		names[f.name] = true
	}
	for _, n := range []string{"asm/float.go", "matrix/gonum.go", "internal/archtest/arch_test.go"} {
		require.True(t, names[n], "%s was not read", n)
	}
	for _, v := range violations(files) {
		t.Error(v)
	}
}

func TestModulePathIsTheOneTheRulesKnow(t *testing.T) {
	f, err := os.Open(filepath.Join(apitest.Root(t), "go.mod"))
	require.NoError(t, err)
	defer f.Close()
	s := bufio.NewScanner(f)
	for s.Scan() {
		if name, ok := strings.CutPrefix(s.Text(), "module "); ok {
			assert.Equal(t, module, name)
			return
		}
	}
	assert.Fail(t, "go.mod names no module")
}

func TestRulesCatchWhatBreaksThem(t *testing.T) {
	for name, c := range map[string]struct {
		f    file
		want string // of the violation, empty when there is none
	}{
		"down":                   {file{name: "nmf/fit.go", imports: []string{module + "/matrix", "context"}}, ""},
		"up":                     {file{name: "matrix/a.go", imports: []string{module + "/tensor"}}, "matrix (level 1) imports tensor (level 2)"},
		"sideways":               {file{name: "nmf/a.go", imports: []string{module + "/cpd"}}, "nmf (level 6) imports cpd (level 6)"},
		"sideways in a test":     {file{name: "nmf/a_test.go", imports: []string{module + "/cpd"}}, ""},
		"command from below":     {file{name: "internal/bench/a.go", imports: []string{module + "/cmd/polyad/flags"}}, "internal/bench (level 8)"},
		"command's own":          {file{name: "cmd/polyad/a.go", imports: []string{module + "/cmd/polyad/flags", module + "/nmf"}}, ""},
		"command from example":   {file{name: "examples/x/a.go", imports: []string{module + "/cmd/polyad/flags"}}, "imports cmd/polyad/flags (level 9)"},
		"example from example":   {file{name: "examples/x/a.go", imports: []string{module + "/examples/y"}}, "imports examples/y (level 9)"},
		"unknown":                {file{name: "internal/new/a.go"}, "package internal/new is not in the table"},
		"unknown, test only":     {file{name: "internal/new/a_test.go"}, "package internal/new is not in the table"},
		"root":                   {file{name: "a.go"}, "package . is not in the table"},
		"helper":                 {file{name: "nmf/a.go", imports: []string{module + "/internal/golden"}}, "for tests only"},
		"helper in a command":    {file{name: "cmd/polyad/a.go", imports: []string{module + "/internal/golden"}}, "for tests only"},
		"helper in a test":       {file{name: "nmf/a_test.go", imports: []string{module + "/internal/golden"}}, ""},
		"helper's own":           {file{name: "internal/golden/a.go", imports: []string{module + "/ndio"}}, ""},
		"cpuid in asm":           {file{name: "asm/a.go", imports: []string{"github.com/klauspost/cpuid/v2"}}, ""},
		"cpuid elsewhere":        {file{name: "internal/bench/a.go", imports: []string{"github.com/klauspost/cpuid/v2"}}, "internal/bench must not import"},
		"gonum in matrix":        {file{name: "matrix/a.go", imports: []string{"gonum.org/v1/gonum/lapack/lapack64"}}, ""},
		"gonum in gonumblas":     {file{name: "matrix/gonumblas/a.go", imports: []string{"gonum.org/v1/gonum/blas"}}, ""},
		"gonum in nmf":           {file{name: "nmf/a.go", imports: []string{"gonum.org/v1/gonum/mat"}}, "nmf must not import"},
		"gonum in a command":     {file{name: "cmd/polyad/a.go", imports: []string{"gonum.org/v1/gonum/mat"}}, "cmd/polyad must not import"},
		"gonum in solver":        {file{name: "solver/a.go", imports: []string{"gonum.org/v1/gonum/mat"}}, "standard library only"},
		"fourier in audio":       {file{name: "audio/a.go", imports: []string{"gonum.org/v1/gonum/dsp/fourier", "gonum.org/v1/gonum/dsp/window"}}, ""},
		"mat in audio":           {file{name: "audio/a.go", imports: []string{"gonum.org/v1/gonum/mat"}}, "audio must not import"},
		"blas in bench":          {file{name: "internal/bench/a.go", imports: []string{"gonum.org/v1/gonum/blas/gonum"}}, ""},
		"plot in report":         {file{name: "internal/report/a.go", imports: []string{"gonum.org/v1/plot/vg"}}, ""},
		"plot in audio":          {file{name: "audio/a.go", imports: []string{"gonum.org/v1/plot"}}, "audio must not import"},
		"cobra in a command":     {file{name: "cmd/polyad/x/a.go", imports: []string{"github.com/spf13/cobra", "github.com/spf13/pflag"}}, ""},
		"cobra elsewhere":        {file{name: "internal/report/a.go", imports: []string{"github.com/spf13/cobra"}}, "internal/report must not import"},
		"testify in a test":      {file{name: "nmf/a_test.go", imports: []string{"github.com/stretchr/testify/assert"}}, ""},
		"testify in code":        {file{name: "internal/golden/a.go", imports: []string{"github.com/stretchr/testify/assert"}}, "must not import"},
		"other modules":          {file{name: "audio/a.go", imports: []string{"github.com/gopxl/beep/v2"}}, ""},
		"other modules, level 0": {file{name: "internal/par/a.go", imports: []string{"golang.org/x/sys/cpu"}}, "standard library only"},
		"unsafe in asm":          {file{name: "asm/a.go", imports: []string{"unsafe"}}, ""},
		"unsafe elsewhere":       {file{name: "ndio/a_test.go", imports: []string{"unsafe"}}, "imports unsafe"},
		"cgo":                    {file{name: "asm/a.go", imports: []string{"C"}}, "imports C"},
		"assembly in asm":        {file{name: "asm/a_amd64.s", lines: 10, generated: true}, ""},
		"assembly elsewhere":     {file{name: "matrix/a_amd64.s"}, "lives in asm alone"},
		"long":                   {file{name: "nmf/a.go", lines: 601}, "601 lines"},
		"long and generated":     {file{name: "asm/a.go", lines: 9000, generated: true}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := violations([]file{c.f})
			if c.want == "" {
				assert.Empty(t, got)
				return
			}
			require.Len(t, got, 1)
			assert.Contains(t, got[0], c.want)
		})
	}
}
