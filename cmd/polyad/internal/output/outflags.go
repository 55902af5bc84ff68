package output

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"polyad/cmd/polyad/internal/exit"
	"polyad/internal/modeldir"
)

// Flags are the flags that say what a fitting verb leaves behind and tells.
type Flags struct {
	Out      string
	Force    bool
	Report   string
	JSON     bool
	Quiet    bool
	Verbose  bool
	Progress string
	Strict   bool

	set *pflag.FlagSet
}

func (f *Flags) Register(fs *pflag.FlagSet) {
	fs.StringVar(&f.Report, "report", "", "write a self-contained HTML page about the run")
	f.RegisterFolder(fs)
}

// RegisterFolder registers all flags but --report, for a verb whose folder holds
// a report anyway.
func (f *Flags) RegisterFolder(fs *pflag.FlagSet) {
	f.set = fs
	fs.StringVarP(&f.Out, "out", "o", "", "folder for the model; must be missing or empty")
	fs.BoolVar(&f.Force, "force", false, "write into --out even if it is not empty, and replace what is at --report")
	fs.BoolVar(&f.JSON, "json", false, "print the result as JSON on standard output")
	fs.BoolVarP(&f.Quiet, "quiet", "q", false, "print nothing but errors (and what --json prints)")
	fs.BoolVarP(&f.Verbose, "verbose", "v", false, "say more on standard error")
	fs.StringVar(&f.Progress, "progress", "auto", "auto: a progress line on a terminal; never")
	fs.BoolVar(&f.Strict, "strict", false, "exit with code 3 when the run did not converge")
}

// Check refuses combinations that make no sense.
func (f *Flags) Check() error {
	switch {
	case f.Progress != "auto" && f.Progress != "never":
		return exit.Usagef("--progress %q; want auto or never", f.Progress)
	case f.Out == "" && f.set.Changed("out"):
		return exit.Usagef("--out is empty; give the name of a folder")
	case f.Report == "" && f.set.Changed("report"):
		return exit.Usagef("--report is empty; give the name of a file")
	case f.Force && f.Out == "" && f.Report == "":
		return exit.Usagef("--force has no effect without --out or --report")
	case f.Quiet && f.Verbose:
		return exit.Usagef("-q and -v contradict each other")
	}
	return f.checkReport()
}

// checkReport looks before any work whether the page can be written. Only a page
// of ours is replaced without --force.
func (f *Flags) checkReport() error {
	if f.Report == "" {
		return nil
	}
	if s := strings.ToLower(filepath.Ext(f.Report)); s != ".html" && s != ".htm" {
		return exit.Usagef("--report %s: the name of a page ends in .html", f.Report)
	}
	info, err := os.Stat(f.Report)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return exit.Usagef("--report %s is not a file; choose another name", f.Report)
	case err == nil && !f.Force && !ourPage(f.Report):
		return exit.Usagef("--report %s exists and is no page of polyad's; choose another name, or --force", f.Report)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("--report: %w", err)
	}
	dir := filepath.Dir(f.Report)
	if rel, err := filepath.Rel(f.Out, dir); f.Out != "" && err == nil && filepath.IsLocal(rel) { // --out is made with all above it
		dir = existing(dir)
	}
	return Probe("--report", dir)
}

// ourPage reports whether a file begins like a report of polyad.
func ourPage(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	head := make([]byte, 1024)
	n, _ := io.ReadFull(file, head)
	return bytes.Contains(head[:n], []byte(`name="generator" content="polyad"`))
}

// Probe reports, in the name of a flag, that no file can be created in a
// folder.
func Probe(flag, dir string) error {
	if err := modeldir.Probe(dir); err != nil {
		return fmt.Errorf("%s: cannot write into %s: %w", flag, dir, errors.Unwrap(err))
	}
	return nil
}
