package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"polyad/asm"
	"polyad/cpd"
	"polyad/internal/wholefile"
	"polyad/matrix"
	"polyad/ndio"
	"polyad/nmf"
	"polyad/tensor"
	"polyad/tucker"
)

// tileElements is the size of a tile of rows that reconstruct has in memory.
const tileElements = 1 << 20

func (a *app) reconstructCommand() *cobra.Command {
	var force, quiet bool
	cmd := &cobra.Command{
		Use:   "reconstruct MODEL OUT",
		Short: "The array that a model stands for, tile by tile",
		Long: `reconstruct writes the array of the model in the folder MODEL, W·H, the sum of the
components, or the core times the factors, as a .npy file in the element type of
the model; a matrix also as a .csv or .tsv table, with the names that the model has
of rows and columns as index column and header. It holds one tile of rows in memory,
so the array may be larger than that. The file appears whole or not at all.`,
		Example: `  polyad reconstruct model X.npy
  polyad reconstruct model X.csv`,
		Args: cobra.MaximumNArgs(2),
	}
	cmd.Flags().BoolVar(&force, "force", false, "replace OUT")
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "print nothing but errors")
	cmd.RunE = a.verb(func(_ *cobra.Command, args []string) error {
		if len(args) < 2 {
			return usagef("reconstruct takes the folder of a MODEL and the name of a .npy, .csv or .tsv file")
		}
		if !slices.Contains([]string{".npy", ".csv", ".tsv"}, suffixOf(args[1])) {
			return usagef("%s: the array is written as .npy, a matrix also as .csv or .tsv; end the name so", args[1])
		}
		if _, err := os.Lstat(args[1]); err == nil && !force {
			return usagef("%s exists; choose another name, or --force to replace it", args[1])
		}
		names, write32, write64 := []string{"W.npy", "H.npy"}, reconstruct[float32], reconstruct[float64]
		kind, err := kindOf(args[0])
		if err != nil {
			return err
		}
		switch kind {
		case "cpd":
			names, write32, write64 = []string{"factor_0.npy"}, reconstructCPD[float32], reconstructCPD[float64]
		case "tucker":
			names, write32, write64 = []string{"core.npy"}, reconstructTucker[float32], reconstructTucker[float64]
		default:
			if err := checkModel(args[0]); err != nil {
				return err
			}
		}
		single, err := isFloat32(args[0], names...)
		if err != nil {
			return err
		}
		var said string
		if single {
			said, err = write32(args[0], args[1])
		} else {
			said, err = write64(args[0], args[1])
		}
		if err == nil && !quiet {
			_, err = fmt.Fprintln(a.out, line(said))
		}
		return err
	})
	return cmd
}

func suffixOf(path string) string { return strings.ToLower(filepath.Ext(path)) }

// arrayWriter receives an array in row-major order.
type arrayWriter[T asm.Float] interface {
	Write([]T) error
	Close() error
}

// writerFor begins an array in the form that the name of its file asks for.
func writerFor[T asm.Float](w io.Writer, path string, size []int, axes []ndio.Axis) (arrayWriter[T], error) {
	suffix := suffixOf(path)
	switch {
	case suffix == ".npy":
		return ndio.NewNPYWriter[T](w, size...)
	case len(size) != 2:
		return nil, usagef("a table holds a matrix, and this array has the shape %s; write .npy", shape(size))
	case suffix == ".tsv":
		return ndio.NewTableWriter[T](w, size[0], size[1], '\t', axes)
	}
	return ndio.NewTableWriter[T](w, size[0], size[1], ',', axes)
}

// reconstructCPD writes the array of a canonical polyadic model and says what was
// written.
func reconstructCPD[T asm.Float](dir, path string) (said string, err error) {
	m, err := cpd.Load[T](dir)
	if err != nil {
		return "", err
	}
	var tiles tensor.CPTiles[T]
	tiles.Set(m.CP(), 1)
	return reconstructTiles[T](path, m.Shape(), m.Axes, &tiles, fmt.Sprint("rank ", m.Rank()))
}

// reconstructTucker is reconstructCPD for a Tucker model.
func reconstructTucker[T asm.Float](dir, path string) (said string, err error) {
	m, err := tucker.Load[T](dir)
	if err != nil {
		return "", err
	}
	var tiles tensor.TuckerTiles[T]
	tiles.Set(m.Tucker(), 1)
	return reconstructTiles[T](path, m.Shape(), m.Axes, &tiles, "core "+shape(m.Ranks()))
}

// tileSource gives an array as a matrix, rows at a time.
type tileSource[T asm.Float] interface {
	Size() (rows, cols int)
	Tile(dst []T, lo, hi, worker int)
}

// reconstructTiles writes an array tile by tile and says what was written.
func reconstructTiles[T asm.Float](path string, size []int, axes []ndio.Axis, tiles tileSource[T], rank string) (said string, err error) {
	rows, cols := tiles.Size()
	err = wholefile.Write(path, func(w io.Writer) error {
		out, err := writerFor[T](w, path, size, axes)
		if err != nil {
			return err
		}
		most := max(1, min(rows, tileElements/max(1, cols)))
		tile := make([]T, most*cols)
		for i := 0; i < rows; i += most {
			part := tile[:min(most, rows-i)*cols]
			tiles.Tile(part, i, min(i+most, rows), 0)
			for k, v := range part {
				if v-v != 0 {
					return fmt.Errorf("entry %d of row %d of mode 0 is %v: the model is not finite, or overflows float%d", k%cols, i+k/cols, v, 8*asm.SizeOf[T]())
				}
			}
			if err := out.Write(part); err != nil {
				return err
			}
		}
		return out.Close()
	})
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return fmt.Sprintf("%s: %s float%d, %s", path, shape(size), 8*asm.SizeOf[T](), rank), nil
}

// reconstruct is reconstructCPD for a nonnegative matrix factorization.
func reconstruct[T asm.Float](dir, path string) (said string, err error) {
	m, err := nmf.Load[T](dir)
	if err != nil {
		return "", err
	}
	if err := checkFinite(dir, m); err != nil {
		return "", err
	}
	return reconstructTiles[T](path, []int{m.W.Rows, m.H.Cols}, m.Axes, productTiles[T]{m}, fmt.Sprint("rank ", m.Rank()))
}

// productTiles gives W·H.
type productTiles[T asm.Float] struct{ *nmf.Model[T] }

// Size returns the sizes of W·H.
func (m productTiles[T]) Size() (rows, cols int) { return m.W.Rows, m.H.Cols }

// Tile writes rows [lo, hi) into dst.
func (m productTiles[T]) Tile(dst []T, lo, hi, _ int) {
	m.ReconstructTo(matrix.Of(hi-lo, m.H.Cols, dst), lo, 0)
}
