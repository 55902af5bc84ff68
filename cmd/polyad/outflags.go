package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
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
}

func (f *outFlags) register(fs *pflag.FlagSet) {
	fs.StringVarP(&f.out, "out", "o", "", "folder for the model; must be missing or empty")
	fs.BoolVar(&f.force, "force", false, "write into --out even if it is not empty")
	fs.StringVar(&f.report, "report", "", "write a self-contained HTML page about the run")
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
		return usagef("--progress %q; want auto or never", f.progress)
	case f.force && f.out == "":
		return usagef("--force has no effect without --out")
	case f.quiet && f.verbose:
		return usagef("-q and -v contradict each other")
	}
	return nil
}

// commandLine is the command as result files and reports show it.
func commandLine(cmd *cobra.Command, args []string) string {
	words := []string{cmd.CommandPath()}
	words = append(words, args...)
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Changed {
			return
		}
		if p, ok := f.Value.(*penaltyFlag); ok {
			words = append(words, p.words()...)
			return
		}
		if s, ok := f.Value.(pflag.SliceValue); ok {
			for _, v := range s.GetSlice() {
				words = append(words, "--"+f.Name, v)
			}
			return
		}
		words = append(words, fmt.Sprintf("--%s=%s", f.Name, f.Value))
	})
	for i, w := range words {
		if strings.ContainsAny(w, " \t\n'\"$") && i > 0 {
			words[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}
