package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// flagValues are the words that flags take, for completion in a shell; those that
// depend on the verb are under "VERB FLAG".
var flagValues = map[string]string{
	"loss": "frobenius kl is", "missing": "nan", "normalize": "none l1 l2", "progress": "auto never",
	"nmf method": "hals mu als anls", "cpd method": "als hals mu", "tucker method": "hosvd hooi hals mu", "transform method": "hals mu als anls",
	"nmf init": "random nndsvd nndsvda nndsvdar spa", "cpd init": "svd random compressed", "tucker init": "svd random",
	"nmf balance": "auto none init every block", "cpd balance": "auto none init every block", "tucker balance": "auto none scalar sinkhorn",
	"order": "wh hw", "hosvd": "sequential truncated", "dtype": "f32 f64", "noise": "gaussian poisson gamma",
}

// complete lets shells complete the values of a verb's flags. Those of --init may
// be a folder as well.
func complete(verb *cobra.Command) {
	for key, words := range flagValues {
		of, flag, found := strings.Cut(key, " ")
		if !found {
			of, flag = verb.Name(), key
		}
		if of != verb.Name() || verb.Flags().Lookup(flag) == nil {
			continue
		}
		files := cobra.ShellCompDirectiveNoFileComp
		if flag == "init" {
			files = cobra.ShellCompDirectiveDefault
		}
		// The only error is a second registration of a flag.
		_ = verb.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return slices.DeleteFunc(strings.Fields(words), func(w string) bool { return !strings.HasPrefix(w, begun) }), files
		})
	}
}
