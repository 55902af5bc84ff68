package main

import (
	"fmt"
	"regexp"
	"runtime"

	"github.com/spf13/cobra"

	"polyad/asm"
	"polyad/internal/bench"
)

// benchResult is what bench --json prints.
type benchResult struct {
	Machine benchMachine `json:"machine"`
	Rows    []bench.Row  `json:"rows"`
}

type benchMachine struct {
	CPU   string `json:"cpu"`
	Cores int    `json:"cores"`
}

func (a *app) benchCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bench kernels",
		Short: "Speed of the kernels beside this machine's own limits",
		Example: `  polyad bench kernels
  polyad bench kernels --filter 'kl/f64' --quick
  polyad bench kernels --json > kernels.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("there is no benchmark %q; this version has kernels", args[0])
			}
			return nil
		},
		RunE: func(*cobra.Command, []string) error { return usagef("which benchmark? this version has kernels") },
	}
	cmd.AddCommand(a.benchKernelsCommand())
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
that the machine has, both element types, one worker and two.

share is max(flops/peak, bytes/rate)/seconds: 1 is the limit. Nothing else should
run on the machine meanwhile.`,
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
				return usagef("--filter: %w", err)
			}
			o.Filter = re
		}
		a.working.Store(true)
		machine := benchMachine{CPU: asm.CPU(), Cores: runtime.NumCPU()}
		var printErr error
		if !asJSON {
			began := false
			o.Row = func(r bench.Row) {
				if !began {
					began = true
					fmt.Fprintf(a.out, "%s, %d cores\n", machine.CPU, machine.Cores)
					fmt.Fprintf(a.out, "%-10s %-4s %-15s %4s %4s %-8s %2s %11s %8s %7s %6s\n", "kernel", "type", "shape", "rank", "mode", "level", "w", "seconds", "GFLOP/s", "GB/s", "share")
				}
				_, printErr = fmt.Fprintf(a.out, "%-10s %-4s %-15s %4d %4d %-8s %2d %11.4g %8.2f %7.2f %6.3f\n", r.Name, r.DType, r.Shape, r.Rank, r.Mode, r.SIMD, r.Workers, r.Seconds, r.GFlops, r.GBs, r.Share)
			}
		} else if bar := newProgress(a.err, "auto", quiet); bar != nil {
			defer bar.clear()
			o.Row = func(r bench.Row) {
				bar.show(fmt.Sprintf("%s %s %s rank %d mode %d %s, %d workers: %.3f", r.Name, r.DType, r.Shape, r.Rank, r.Mode, r.SIMD, r.Workers, r.Share))
			}
		}
		rows, err := bench.Kernels(cmd.Context(), o)
		if err == nil && len(rows) == 0 {
			return usagef("--filter %s matches no row", quote(filter))
		}
		if asJSON {
			if rows == nil {
				rows = []bench.Row{}
			}
			printErr = writeJSON(a.out, benchResult{machine, rows})
		}
		if err != nil {
			return err
		}
		return printErr
	})
	return cmd
}
