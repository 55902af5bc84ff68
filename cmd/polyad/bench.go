package main

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"runtime"
	"strconv"

	"github.com/spf13/cobra"

	"polyad/asm"
	"polyad/cmd/polyad/internal/console"
	"polyad/cmd/polyad/internal/exit"
	"polyad/internal/bench"
)

// benchResult is what bench --json prints.
type benchResult struct {
	Machine benchMachine `json:"machine"`
	Rows    []bench.Row  `json:"rows"`
}

// sweepsResult is what bench solvers --json prints.
type sweepsResult struct {
	Machine benchMachine  `json:"machine"`
	Rows    []bench.Sweep `json:"rows"`
}

type benchMachine struct {
	CPU   string `json:"cpu"`
	Cores int    `json:"cores"`
}

func (a *app) benchCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bench kernels|solvers",
		Short: "Speed of kernels and solvers beside this machine's own limits",
		Example: `  polyad bench kernels
  polyad bench solvers
  polyad bench kernels --filter 'kl/f64' --quick
  polyad bench kernels --json > kernels.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return exit.Usagef("there is no benchmark %q; there are kernels and solvers", args[0])
			}
			return nil
		},
		RunE: func(*cobra.Command, []string) error {
			return exit.Usagef("which benchmark? there are kernels and solvers")
		},
	}
	cmd.AddCommand(a.benchKernelsCommand(), a.benchSolversCommand())
	return cmd
}

func (a *app) benchKernelsCommand() *cobra.Command {
	var asJSON, quick, quiet bool
	var filter string
	cmd := &cobra.Command{
		Use:   "kernels",
		Short: "Products and divergence passes, share of the roofline",
		Long: `kernels measures this machine's peak of multiply-adds and its rates of reading
and writing memory, and the kernels beside them: every instruction set level
that the machine has (whatever POLYAD_SIMD says), both element types, one worker
and two. In full it takes minutes.

  peak         multiplications and additions that need no memory
  read, write  passes over as much memory as stands under shape
  gemm         A·B; gonum-gemm is that of gonum, with all processors
  vht, wtv     V·Hᵀ and Wᵀ·V for a V of the shape and H, W of the rank
  wh           W·H, the model, written to memory
  kl, is       V over the model W·H, or over its square, and the product with Hᵀ
  gram         XᵀX
  hals, solve  a sweep of HALS, and triangular solutions, for a factor
  mttkrp, ttm  of an array of the shape, for a mode (from 0), with rank columns

seconds is the median. share is max(flops/peak, bytes/rate)/seconds, where peak
and rate are this machine's for that level, type and number of workers, the rate
for that many bytes: 1 is the limit. Nothing else should run on the machine
meanwhile.`,
		Example: `  polyad bench kernels
  polyad bench kernels --filter '^gemm.*avx2/w1' --quick`,
		Args: cobra.NoArgs,
	}
	fs := cmd.Flags()
	fs.BoolVar(&asJSON, "json", false, "print one JSON object on standard output")
	fs.BoolVar(&quick, "quick", false, "few and short samples: figures are rough")
	fs.BoolVarP(&quiet, "quiet", "q", false, "no progress on standard error")
	fs.StringVar(&filter, "filter", "", "only rows whose name/dtype/shape/rRANK/mMODE/LEVEL/wWORKERS matches this regular expression")
	cmd.RunE = a.verb(func(cmd *cobra.Command, _ []string) error {
		o := bench.Options{Quick: quick}
		if filter != "" {
			re, err := regexp.Compile(filter)
			if err != nil {
				return exit.Usagef("--filter: %w", err)
			}
			o.Filter = re
		}
		a.working.Store(true)
		machine := benchMachine{CPU: asm.CPU(), Cores: runtime.NumCPU()}
		ctx, stop := context.WithCancelCause(cmd.Context()) // where nothing can be written
		defer stop(nil)
		if !asJSON {
			began := false
			o.Row = func(r bench.Row) {
				if !began {
					began = true
					fmt.Fprintf(a.out, "%s, %d cores\n", machine.CPU, machine.Cores)
					fmt.Fprintf(a.out, "%-10s %-4s %-15s %4s %4s %-8s %2s %11s %8s %7s %6s\n", "kernel", "type", "shape", "rank", "mode", "level", "w", "seconds", "GFLOP/s", "GB/s", "share")
				}
				if _, err := fmt.Fprintf(a.out, "%-10s %-4s %-15s %4d %4d %-8s %2d %11.4g %8.2f %7.2f %6.3f\n", r.Name, r.DType, r.Shape, r.Rank, r.Mode, r.SIMD, r.Workers, r.Seconds, r.GFlops, r.GBs, r.Share); err != nil {
					stop(err)
				}
			}
		} else if bar := console.NewProgress(a.terminal, "auto", quiet); bar != nil {
			defer bar.Clear()
			o.Row = func(r bench.Row) {
				bar.Show(fmt.Sprintf("%s %s %s rank %d mode %d %s, %d workers: %.3f", r.Name, r.DType, r.Shape, r.Rank, r.Mode, r.SIMD, r.Workers, r.Share))
			}
		}
		rows, err := bench.Kernels(ctx, o)
		if err == nil && len(rows) == 0 {
			return exit.Usagef("--filter %s matches no row; they are named like gemm/f64/512x512x512/r512/m0/avx2/w1", console.Quote(filter))
		}
		if asJSON {
			if rows == nil {
				rows = []bench.Row{}
			}
			return cmp.Or(err, console.JSON(a.out, benchResult{machine, rows}))
		}
		return err
	})
	return cmd
}

func (a *app) benchSolversCommand() *cobra.Command {
	var asJSON, quick bool
	var filter string
	cmd := &cobra.Command{
		Use:   "solvers",
		Short: "Sweeps of cpd and tucker beside passes over the data and least work",
		Long: `solvers times sweeps of cpd's ALS and nonnegative HALS on dense arrays of 300³ and
80⁴, and the products that read the data once, and of tucker's HOOI, HALS and
multiplicative updates for the Kullback-Leibler divergence (kl, without the
objective) and a whole HOSVD, for both element types, one worker and two.

seconds is the time of a sweep, pass the mean time of the products of all modes,
passes how many of them the sweep takes as long as, and reads how often it reads
the data. memory is that of the partial products, as a share of its bound, 1.2·|X|·r
over the shortest side or half the data. least is what the least arithmetic, or the
reading of the data, would take at this machine's limits, and share what part of
the seconds that is. Where other work on the machine hides a time that is the
difference of two runs, it says noise instead of seconds. Nothing else should run
on the machine meanwhile.`,
		Example: `  polyad bench solvers
  polyad bench solvers --filter '^cpd/80x.*/w1' --quick
  polyad bench solvers --filter '^tucker-hooi'`,
		Args: cobra.NoArgs,
	}
	fs := cmd.Flags()
	fs.BoolVar(&asJSON, "json", false, "print one JSON object on standard output")
	fs.BoolVar(&quick, "quick", false, "few samples: figures are rough")
	fs.StringVar(&filter, "filter", "", "only cases whose cpd/shape/rRANK/wWORKERS or tucker-METHOD/shape/rRANKS/wWORKERS matches this regular expression")
	cmd.RunE = a.verb(func(cmd *cobra.Command, _ []string) error {
		var only *regexp.Regexp
		if filter != "" {
			var err error
			if only, err = regexp.Compile(filter); err != nil {
				return exit.Usagef("--filter: %w", err)
			}
		}
		a.working.Store(true)
		machine := benchMachine{CPU: asm.CPU(), Cores: runtime.NumCPU()}
		ctx, stop := context.WithCancelCause(cmd.Context()) // where nothing can be written
		defer stop(nil)
		var row func(bench.Sweep)
		if !asJSON {
			began := false
			row = func(s bench.Sweep) {
				if !began {
					began = true
					fmt.Fprintf(a.out, "%s, %d cores, %s\n", machine.CPU, machine.Cores, s.SIMD)
					fmt.Fprintf(a.out, "%-12s %-4s %-12s %9s %2s %9s %9s %7s %6s %7s %7s %9s %6s %7s\n", "method", "type", "shape", "rank", "w", "seconds", "pass", "passes", "reads", "memory", "of als", "least", "share", "of f64")
				}
				rank, memory := s.Ranks, 0.
				if s.Rank > 0 {
					rank, memory = strconv.Itoa(s.Rank), float64(s.Words)/float64(s.Bound)
				}
				seconds := cmp.Or(orNone("%.4g", s.Seconds), "noise")
				_, err := fmt.Fprintf(a.out, "%-12s %-4s %-12s %9s %2d %9s %9s %7s %6s %7s %7s %9s %6s %7s\n", s.Name, s.DType, s.Shape, rank, s.Workers, seconds, orNone("%.4g", s.Pass),
					orNone("%.2f", s.Passes), orNone("%.2f", s.Reads), orNone("%.2f", memory), orNone("%.2f", s.OfALS), orNone("%.4g", s.Least), orNone("%.3f", s.Share), orNone("%.2f", s.OfF64))
				if err != nil {
					stop(err)
				}
			}
		}
		rows, err := bench.Sweeps(ctx, only, quick, row)
		if err == nil && len(rows) == 0 {
			return exit.Usagef("--filter %s matches no case", console.Quote(filter))
		}
		if asJSON {
			if rows == nil {
				rows = []bench.Sweep{}
			}
			return cmp.Or(err, console.JSON(a.out, sweepsResult{machine, rows}))
		}
		return err
	})
	return cmd
}

// orNone writes a number, or nothing for one that there is not.
func orNone(format string, x float64) string {
	if x == 0 {
		return ""
	}
	return fmt.Sprintf(format, x)
}
