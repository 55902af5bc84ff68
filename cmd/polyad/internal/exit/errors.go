// Package exit says how a command ends: its errors in the words of the command line,
// and its exit codes.
package exit

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"polyad/audio"
	"polyad/cpd"
	"polyad/loss"
	"polyad/ndio"
	"polyad/nmf"
	"polyad/reg"
	"polyad/solver"
	"polyad/tucker"
)

// Exit codes.
const (
	Done         = 0
	Failed       = 1   // the data or the run failed
	Usage        = 2   // the command line makes no sense
	NotConverged = 3   // under --strict
	Interrupted  = 130 // the model so far was written
)

var (
	ErrInterrupted  = errors.New("interrupted")
	ErrNotConverged = errors.New("not converged")
)

// usageError is an error in the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// Usagef returns an error that ends the command with exit code 2.
func Usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// AsUsage makes an error one in the command line.
func AsUsage(err error) error { return usageError{err} }

// Code returns the code with which an error ends the command.
func Code(err error) int {
	var usage usageError
	switch {
	case errors.Is(err, ErrInterrupted):
		return Interrupted
	case errors.Is(err, ErrNotConverged):
		return NotConverged
	case errors.As(err, &usage), errors.Is(err, nmf.ErrOption), IsRank(err), errors.Is(err, nmf.ErrOneSided),
		errors.Is(err, reg.ErrPenalty), errors.Is(err, loss.ErrLoss), errors.Is(err, audio.ErrOption), errors.Is(err, ndio.ErrOption):
		return Usage
	}
	return Failed
}

// BadWord returns the error of a flag whose value is none of its words.
func BadWord(flag, value string, err error) error {
	var e interface{ List() string } // of package named
	if errors.As(err, &e) {
		return Usagef("--%s %q; want %s", flag, value, e.List())
	}
	return AsUsage(err)
}

// aboutStart finds errors about the model that a fit was to start from.
var aboutStart = regexp.MustCompile(`: the model(?:'s| has) `)

// OfFit returns the error of a fit of the data in a file that left no model, with
// the name of what is wrong: the data, or the model that start, the value of --init,
// names. What flags ask for is named already.
func OfFit(err error, file, start string) error {
	switch {
	case Code(err) == Usage:
		return err
	case start != "" && aboutStart.MatchString(err.Error()):
		return fmt.Errorf("--init %s: %w", start, err)
	}
	return fmt.Errorf("%s: %w", file, err)
}

func IsRank(err error) bool {
	return errors.Is(err, nmf.ErrRank) || errors.Is(err, cpd.ErrRank) || errors.Is(err, tucker.ErrRank)
}

// flagWords turns what the errors of the library say of options into the words
// of the command: its flags and their values. It is the one place where that is
// done; a test holds the texts of all errors against it.
var flagWords = strings.NewReplacer(
	"say so by a mask (Options.Mask)", "say so by --missing nan or --mask",
	"set Init to a model", "give it with --init DIR",
	"set eps to floor the data", "floor the data with --eps",
	"so eps has no effect", "so --eps has no effect",
	"sweeps has no effect with balance", "--sweeps has no effect with --balance",
	"leave it 0", "leave it out",
	"leave nonneg out", "leave --nonneg out",
	"that fix could mean; take it out of fix, or into modes", "that --fix could mean; take it out of --fix, or into --modes",
	"that nonneg could mean; take it out of nonneg, or into modes", "that --nonneg could mean; take it out of --nonneg, or into --modes",
	"take it out of fix", "take it out of --fix",
	"name the mode in modes", "name the mode in --modes",
	"modes is empty", "--modes is empty",
	"call Orthogonalize on the model, or use hals", "use --method hals",
	"the target is", "--error-target is",
	"beside a target; give one of them", "beside --error-target; give one of them",
	"ranks for a target are for hooi, not", "--error-target is for hosvd and hooi, not",
	"give ranks, as those that HOSVD finds", "give ranks with -r",
	": the target ", ": --error-target ",
	"the ranks for a target come from the start SVD{}; leave init out", "the ranks for --error-target come from --init svd; leave it out",
	"leave inner 0", "leave --inner out",
	"leave extrapolate false", "leave --extrapolate out",
	"use balance every", "use --balance every",
	"give both factors one", "give both factors one, as --l1 all=V does",
	"give every free factor one", "give every free factor one, as --l2 all=V does",
	"give every free block one", "give every free block one, as --l2 all=V does",
	"use als or hals with extrapolate", "use --extrapolate with --method als or hals",
	"extrapolate and line search both", "--extrapolate and --line-search both",
	"a line search would leave", "--line-search would leave",
	"the line search ", "--line-search ",
	"use extrapolate where", "use --extrapolate where",
	"the tolerance of the compression is", "--error-target is",
	" ranks of the compression for data", " numbers in --ranks for data",
	" of the compression is", " of --ranks is",
	"use als or hals", "use --method als or hals",
	"use hooi or hals", "use --method hooi or hals",
	"use hals or mu", "use --method hals or mu",
	"use hals", "use --method hals",
	"use mu", "use --method mu",
	"instead (FixW)", "instead (--fix w)",
	"instead (FixH)", "instead (--fix h)",
	"use nndsvda (NNDSVD{Fill: FillMean}) or nndsvdar", "use --init nndsvda or nndsvdar",
	"or say that the first column is an index if it names rows", "or give --index if the first column names rows",
	"or take the line away if it is a header", "or give --header if it is a header",
	"option for another kind of file: only tables", "--header and --index have no effect: only tables",
	"option for another kind of file: shape", "--transpose: shape",
	"use a random one (Random{} or NNDSVD{Fill: FillRandom})", "use --init random or nndsvdar",
	"use Random{}", "use --init random",
	"a compressed start is", "--init compressed is",
	"use SVD{} or Random{}", "use --init svd or random",
)

// optionNames finds options that an error names by their names alone, which are
// those of the flags.
var optionNames = regexp.MustCompile(`(^|[^-\w])((?:eps|inner|workers|restarts|sweeps|tol|max-iter|max-time|trace-every) is|(?:nonneg|fix|modes) names|balance (?:init|every|block|scalar|sinkhorn)) `)

// Words returns an error as a line of the command's own words, with the flags
// that mend it.
func Words(err error) string {
	text := strings.Join(strings.Fields(err.Error()), " ")
	return optionNames.ReplaceAllString(flagWords.Replace(text), "$1--$2 ") + hint(err)
}

// hint names the flags that mend an error of the library.
func hint(err error) string {
	switch {
	case errors.Is(err, nmf.ErrOneSided):
		return " (flags: --l1 BLOCK=V, --l2 BLOCK=V, --lp BLOCK=P:V with BLOCK w and h, a mode number, core, or all)"
	case IsRank(err):
		return " (flag: --rank)"
	}
	return ""
}

// OfModel returns an error of a model's evaluation for the data in a file. What is
// wrong with the model itself, about whose rank no flag says anything here, is no
// usage error.
func OfModel(dir, file string, err error) error {
	switch {
	case IsRank(err), errors.Is(err, solver.ErrNotFinite):
		return fmt.Errorf("%s: the model in %s: %s", file, dir, err)
	case Code(err) == Usage:
		return err
	}
	return fmt.Errorf("%s: %w", file, err)
}
