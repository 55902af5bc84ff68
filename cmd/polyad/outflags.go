package main

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

// outFlags are the flags that say what a fitting verb leaves behind and tells.
type outFlags struct {
	out      string
	force    bool
	report   string
	json     bool
	quiet    bool
	verbose  bool
	progress string
	strict   bool

	set *pflag.FlagSet
}

func (f *outFlags) register(fs *pflag.FlagSet) {
	fs.StringVar(&f.report, "report", "", "write a self-contained HTML page about the run")
	f.registerFolder(fs)
}

// registerFolder registers all flags but --report, for a verb whose folder holds
// a report anyway.
func (f *outFlags) registerFolder(fs *pflag.FlagSet) {
	f.set = fs
	fs.StringVarP(&f.out, "out", "o", "", "folder for the model; must be missing or empty")
	fs.BoolVar(&f.force, "force", false, "write into --out even if it is not empty, and replace what is at --report")
	fs.BoolVar(&f.json, "json", false, "print the result as JSON on standard output")
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "print nothing but errors (and what --json prints)")
	fs.BoolVarP(&f.verbose, "verbose", "v", false, "say more on standard error")
	fs.StringVar(&f.progress, "progress", "auto", "auto: a progress line on a terminal; never")
	fs.BoolVar(&f.strict, "strict", false, "exit with code 3 when the run did not converge")
}

// check refuses combinations that make no sense.
func (f *outFlags) check() error {
	switch {
	case f.progress != "auto" && f.progress != "never":
		return exit.Usagef("--progress %q; want auto or never", f.progress)
	case f.out == "" && f.set.Changed("out"):
		return exit.Usagef("--out is empty; give the name of a folder")
	case f.report == "" && f.set.Changed("report"):
		return exit.Usagef("--report is empty; give the name of a file")
	case f.force && f.out == "" && f.report == "":
		return exit.Usagef("--force has no effect without --out or --report")
	case f.quiet && f.verbose:
		return exit.Usagef("-q and -v contradict each other")
	}
	return f.checkReport()
}

// checkReport looks before any work whether the page can be written. Only a page
// of ours is replaced without --force.
func (f *outFlags) checkReport() error {
	if f.report == "" {
		return nil
	}
	if s := strings.ToLower(filepath.Ext(f.report)); s != ".html" && s != ".htm" {
		return exit.Usagef("--report %s: the name of a page ends in .html", f.report)
	}
	info, err := os.Stat(f.report)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return exit.Usagef("--report %s is not a file; choose another name", f.report)
	case err == nil && !f.force && !ourPage(f.report):
		return exit.Usagef("--report %s exists and is no page of polyad's; choose another name, or --force", f.report)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("--report: %w", err)
	}
	dir := filepath.Dir(f.report)
	if rel, err := filepath.Rel(f.out, dir); f.out != "" && err == nil && filepath.IsLocal(rel) { // --out is made with all above it
		dir = existing(dir)
	}
	return canCreateIn("--report", dir)
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

// canCreateIn reports, in the name of a flag, that no file can be created in a
// folder.
func canCreateIn(flag, dir string) error {
	if err := modeldir.Probe(dir); err != nil {
		return fmt.Errorf("%s: cannot write into %s: %w", flag, dir, errors.Unwrap(err))
	}
	return nil
}
