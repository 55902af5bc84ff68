package main

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

// everyVerb calls f with all commands below one, and that one.
func everyVerb(cmd *cobra.Command, f func(*cobra.Command)) {
	f(cmd)
	for _, c := range cmd.Commands() {
		everyVerb(c, f)
	}
}

func TestHelpListsEveryFlagOnceBelowItsSubject(t *testing.T) {
	seen := map[string]bool{}
	root := (&app{}).root()
	root.InitDefaultCompletionCmd()
	everyVerb(root, func(verb *cobra.Command) {
		verb.InitDefaultHelpFlag()
		verb.InitDefaultVersionFlag()
		var listed []string
		groups := flagGroups(verb.Flags())
		for _, g := range groups {
			g.flags.VisitAll(func(f *pflag.Flag) { listed = append(listed, f.Name) })
		}
		require.False(t, groups[len(groups)-1].flags.HasFlags(), "%s has a flag without a subject", verb.CommandPath())
		var all []string
		verb.Flags().VisitAll(func(f *pflag.Flag) {
			all = append(all, f.Name)
			seen[f.Name] = true
		})
		require.ElementsMatch(t, all, listed, verb.CommandPath())
	})
	for _, s := range subjects {
		for _, name := range strings.Fields(s.flags) {
			require.True(t, seen[name], "no verb has --%s, of subject %s", name, s.title)
		}
	}
}

func TestHelpFitsItsWidth(t *testing.T) {
	everyVerb((&app{}).root(), func(verb *cobra.Command) {
		var out bytes.Buffer
		writeFlags(&out, verb.Flags(), 80)
		for line := range strings.Lines(out.String()) {
			require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimRight(line, "\n")), 80, "%s: %s", verb.CommandPath(), line)
		}
	})
}
