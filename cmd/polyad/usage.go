package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"
)

// subjects are the headings under which the help of every verb lists flags, with the
// names of those that belong there.
var subjects = []struct{ title, flags string }{
	{"Model", "rank ranks error-target modes nonneg mode fix hold"},
	{"Loss and penalties", "loss l1 l2 lp balance sweeps"},
	{"Algorithm", "method hosvd inner extrapolate line-search order eps dtype workers"},
	{"Start", "init scale-init restarts seed"},
	{"Stopping", "max-iter tol max-time trace-every strict"},
	{"Data to make", "shape density noise snr"},
	{"Data", "header index transpose mask missing names axis"},
	{"Sound", "window hop mask-exponent"},
	{"Comparison", "against skip-mode"},
	{"Measurements", "filter quick"},
	{"Output", "normalize sort count truth out force report json quiet verbose progress no-descriptions"},
	{"Help", "help version"},
}

// widest is the width of help in columns, unless the terminal is narrower.
const widest = 90

// usage writes how a verb is called, its flags by subject.
func usage(cmd *cobra.Command) error {
	w := cmd.OutOrStderr()
	fmt.Fprintln(w, "Usage:")
	if cmd.Runnable() {
		fmt.Fprintln(w, " ", cmd.UseLine())
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintln(w, " ", cmd.CommandPath(), "[command]")
	}
	if cmd.HasExample() {
		fmt.Fprintf(w, "\nExamples:\n%s\n", cmd.Example)
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintln(w, "\nCommands:")
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() || c.Name() == "help" {
				fmt.Fprintf(w, "  %-*s %s\n", cmd.NamePadding(), c.Name(), c.Short)
			}
		}
	}
	writeFlags(w, cmd.Flags(), columns())
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(w, "\nUse \"%s [command] --help\" for more about a command.\n", cmd.CommandPath())
	}
	return nil
}

// columns returns the width of help.
func columns() int {
	if width, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil && width > 0 {
		return min(widest, width)
	}
	return widest
}

// writeFlags lists the flags of a verb. Those without a subject come last.
func writeFlags(w io.Writer, all *pflag.FlagSet, width int) {
	for _, group := range flagGroups(all) {
		if !group.flags.HasAvailableFlags() {
			continue
		}
		fmt.Fprintf(w, "\n%s:\n%s", group.title, group.flags.FlagUsagesWrapped(width))
	}
}

// flagGroup is a part of the flags of a verb.
type flagGroup struct {
	title string
	flags *pflag.FlagSet
}

// flagGroups sorts the flags of a verb by subject, each in the order of the table.
func flagGroups(all *pflag.FlagSet) (groups []flagGroup) {
	known := map[string]bool{}
	for _, s := range subjects {
		part := pflag.NewFlagSet("", pflag.ContinueOnError)
		part.SortFlags = false
		for _, name := range strings.Fields(s.flags) {
			if f := all.Lookup(name); f != nil {
				part.AddFlag(f)
				known[name] = true
			}
		}
		groups = append(groups, flagGroup{s.title, part})
	}
	rest := pflag.NewFlagSet("", pflag.ContinueOnError)
	all.VisitAll(func(f *pflag.Flag) {
		if !known[f.Name] {
			rest.AddFlag(f)
		}
	})
	return append(groups, flagGroup{"Other flags", rest})
}
