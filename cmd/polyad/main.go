// Command polyad decomposes arrays and recordings; `polyad help` lists its
// verbs.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"polyad/audio"
	"polyad/loss"
	"polyad/nmf"
	"polyad/reg"
)

// version is the version of polyad; CHANGELOG.md says what is in it.
const version = "0.1.0"

// Exit codes.
const (
	exitDone         = 0
	exitFailed       = 1   // the data or the run failed
	exitUsage        = 2   // the command line makes no sense
	exitNotConverged = 3   // under --strict
	exitInterrupted  = 130 // the model so far was written
)

func main() {
	log.SetOutput(io.Discard) // a decoder of ours remarks on sample rates there
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel(errInterrupted)
		fmt.Fprintln(os.Stderr, "\npolyad: interrupted: the sweep is finished and the model written; once more to quit at once")
		<-signals
		os.Exit(exitInterrupted)
	}()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

var (
	errInterrupted  = errors.New("interrupted")
	errNotConverged = errors.New("not converged")
)

// usageError is an error in the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// usagef returns an error that ends the command with exit code 2.
func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// app is what the verbs share: the streams, and whether a verb has begun, so
// that errors of the command line parser can be told apart.
type app struct {
	in       io.Reader
	out, err io.Writer
	began    bool
}

// run runs one command line and returns the exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	a := &app{in: in, out: out, err: errOut}
	root := a.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	code := exitCode(err)
	if !a.began {
		code = exitUsage
	}
	fmt.Fprintln(errOut, "polyad: "+oneLine(err)+hint(err))
	if code == exitUsage && !a.began {
		fmt.Fprintln(errOut, "polyad: try 'polyad help'")
	}
	return code
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "polyad",
		Short:         "Nonnegative matrix factorization of arrays and recordings",
		Long:          "polyad takes data apart: nonnegative matrix factorization with penalties that\nmean something, of array files and of recordings.",
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.AddCommand(a.nmfCommand(), a.audioCommand(), a.infoCommand())
	return root
}

// verb wraps the body of a verb so that errors behind the parsing of flags are
// known as such.
func (a *app) verb(body func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		a.began = true
		return body(cmd, args)
	}
}

func exitCode(err error) int {
	var usage usageError
	switch {
	case errors.Is(err, errInterrupted):
		return exitInterrupted
	case errors.Is(err, errNotConverged):
		return exitNotConverged
	case errors.As(err, &usage), errors.Is(err, nmf.ErrOption), errors.Is(err, nmf.ErrRank), errors.Is(err, nmf.ErrOneSided),
		errors.Is(err, reg.ErrPenalty), errors.Is(err, loss.ErrLoss), errors.Is(err, audio.ErrOption):
		return exitUsage
	}
	return exitFailed
}

// hint names the flags that mend an error of the library.
func hint(err error) string {
	switch {
	case errors.Is(err, nmf.ErrOneSided):
		return " (flags: --l1 BLOCK=V, --l2 BLOCK=V, --lp BLOCK=P:V with BLOCK w, h or all)"
	case errors.Is(err, nmf.ErrRank):
		return " (flag: --rank)"
	}
	return ""
}

func oneLine(err error) string {
	return strings.Join(strings.Fields(err.Error()), " ")
}
