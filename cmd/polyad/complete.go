package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"polyad/cmd/polyad/internal/models"
)

// flagValues are the words that flags take, for completion in a shell, beside those
// that depend on the kind of model.
var flagValues = map[string]string{
	"loss": "frobenius kl is", "missing": "nan", "normalize": "none l1 l2", "progress": "auto never",
	"order": "wh hw", "hosvd": "sequential truncated", "dtype": "f32 f64", "noise": "gaussian poisson gamma",
}

// complete lets shells complete the values of a verb's flags. Those of --init may
// be a folder as well.
func complete(verb *cobra.Command) {
	values := map[string][]string{}
	for flag, words := range flagValues {
		values[flag] = strings.Fields(words)
	}
	for _, flag := range []string{"method", "init", "balance"} {
		values[flag] = models.Values(verb.Name(), flag)
	}
	for flag, words := range values {
		if verb.Flags().Lookup(flag) == nil {
			continue
		}
		files := cobra.ShellCompDirectiveNoFileComp
		if flag == "init" {
			files = cobra.ShellCompDirectiveDefault
		}
		// The only error is a second registration of a flag.
		_ = verb.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return slices.DeleteFunc(slices.Clone(words), func(w string) bool { return !strings.HasPrefix(w, begun) }), files
		})
	}
}
