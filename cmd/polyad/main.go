// Command polyad decomposes arrays and recordings; `polyad help` lists its
// verbs.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"

	"polyad/asm"
	"polyad/cmd/polyad/internal/console"
	"polyad/cmd/polyad/internal/exit"
	"polyad/cmd/polyad/internal/input"
	"polyad/cmd/polyad/internal/models"
)

func main() {
	if err := asm.EnvError(); err != nil {
		fmt.Fprintln(os.Stderr, "polyad: "+console.Line(exit.Words(err)))
		os.Exit(exit.Usage)
	}
	log.SetOutput(io.Discard) // a decoder of ours remarks on sample rates there
	ctx, cancel := context.WithCancelCause(context.Background())
	a := &app{in: os.Stdin, out: os.Stdout, err: os.Stderr}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, ends()...)
	go func() {
		<-signals
		if a.working.Load() { // there may be a model to be kept
			cancel(exit.ErrInterrupted)
			fmt.Fprintln(os.Stderr, "\npolyad: interrupted, finishing; once more to quit at once")
			<-signals
		}
		if tmp := a.unfinished.Load(); tmp != nil {
			os.RemoveAll(*tmp)
		}
		os.Exit(exit.Interrupted)
	}()
	os.Exit(a.run(ctx, os.Args[1:]))
}

// app is what the verbs share: the streams, and whether a verb has begun, so
// that errors of the command line parser can be told apart.
type app struct {
	in       io.Reader
	out, err io.Writer
	terminal io.Writer // err as it was given, for the progress line
	began    bool
	quiet    bool         // nothing is to be said but errors
	input    input.Reader // of data

	working    atomic.Bool            // a fit has begun: an interrupt ends it and keeps the model
	unfinished atomic.Pointer[string] // the hidden folder that is being filled
}

// run runs one command line and returns the exit code.
func (a *app) run(ctx context.Context, args []string) int {
	a.terminal, a.out, a.err = a.err, console.NewWriter(a.out), console.NewWriter(a.err)
	a.input.In, a.input.Err = a.in, a.err
	root := a.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exit.Done
	}
	code := exit.Code(err)
	if !a.began {
		code = exit.Usage
	}
	text := exit.Words(err)
	if !a.began {
		text += "; see 'polyad help'"
	}
	fmt.Fprintln(a.err, "polyad: "+text)
	return code
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "polyad",
		Short:         "Matrix and tensor decompositions of arrays and recordings",
		Long:          "polyad takes data apart: nonnegative matrix factorization, canonical polyadic\nand Tucker decomposition with penalties that mean something, of array files and\nof recordings.",
		Version:       models.Version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetUsageFunc(usage)
	root.AddCommand(a.fitCommand(models.NMF{}), a.fitCommand(models.CPD{}), a.fitCommand(models.Tucker{}), a.audioCommand(), a.benchCommand(), a.synthCommand(), a.infoCommand(),
		a.transformCommand(), a.evalCommand(), a.reconstructCommand(), a.topCommand(), a.licencesCommand())
	for _, verb := range root.Commands() {
		complete(verb)
	}
	root.SetHelpCommand(&cobra.Command{
		Use:   "help [VERB]",
		Short: "Help about a verb",
		RunE: func(_ *cobra.Command, args []string) error {
			verb, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return exit.Usagef("there is no verb %q", strings.Join(args, " "))
			}
			return verb.Help()
		},
	})
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		text, _, _ := strings.Cut(err.Error(), ": strconv.") // the parser's own words
		return exit.Usagef("%s", text)
	})
	return root
}

// modeWords are what an optional value of --nonneg looks like that stands apart.
var modeWords = regexp.MustCompile(`^((\d+|core)(,|$))+$`)

// oneFile says what is wrong with the number of files on the command line.
func oneFile(optional bool) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == 0 && !optional:
			return exit.Usagef("the FILE is missing; give its name, or - for standard input")
		case len(args) == 2 && cmd.Flags().Changed("nonneg") && modeWords.MatchString(args[1]):
			return exit.Usagef("one FILE is taken, there are 2: %s; modes follow --nonneg with a sign between them: --nonneg=%s", strings.Join(args, " "), args[1])
		case len(args) > 1:
			return exit.Usagef("one FILE is taken, there are %d: %s", len(args), strings.Join(args, " "))
		}
		return nil
	}
}

// verb wraps the body of a verb so that errors behind the parsing of flags are
// known as such.
func (a *app) verb(body func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		a.began = true
		if q := cmd.Flags().Lookup("quiet"); q != nil {
			if a.quiet = q.Value.String() == "true"; a.quiet {
				a.input.Err = nil
			}
		}
		return body(cmd, args)
	}
}

// host is where the runs of verbs take place.
func (a *app) host() models.Host {
	return models.Host{Out: a.out, Err: a.err, Terminal: a.terminal, Working: &a.working, Filling: &a.unfinished}
}
