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
	"polyad/cmd/polyad/internal/console"
	"polyad/cmd/polyad/internal/exit"
	"polyad/cmd/polyad/internal/models"
	"polyad/internal/wholefile"
	"polyad/ndio"
)

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
			return exit.Usagef("reconstruct takes the folder of a MODEL and the name of a .npy, .csv or .tsv file")
		}
		if !slices.Contains([]string{".npy", ".csv", ".tsv"}, suffixOf(args[1])) {
			return exit.Usagef("%s: the array is written as .npy, a matrix also as .csv or .tsv; end the name so", args[1])
		}
		if _, err := os.Lstat(args[1]); err == nil && !force {
			return exit.Usagef("%s exists; choose another name, or --force to replace it", args[1])
		}
		k, err := models.KindOf(args[0])
		if err != nil {
			return err
		}
		single, err := models.IsFloat32(k, args[0])
		if err != nil {
			return err
		}
		var said string
		if single {
			said, err = reconstruct(k.Open32, args[0], args[1])
		} else {
			said, err = reconstruct(k.Open64, args[0], args[1])
		}
		if err == nil && !quiet {
			_, err = fmt.Fprintln(a.out, console.Line(said))
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
		return nil, exit.Usagef("a table holds a matrix, and this array has the shape %s; write .npy", console.Shape(size))
	case suffix == ".tsv":
		return ndio.NewTableWriter[T](w, size[0], size[1], '\t', axes)
	}
	return ndio.NewTableWriter[T](w, size[0], size[1], ',', axes)
}

// reconstruct writes the array of a model tile by tile and says what was written.
func reconstruct[T asm.Float](open func(dir string) (models.ModelOf[T], error), dir, path string) (said string, err error) {
	m, err := open(dir)
	if err != nil {
		return "", err
	}
	tiles := m.Array()
	rows, cols := tiles.Size()
	err = wholefile.Write(path, func(w io.Writer) error {
		out, err := writerFor[T](w, path, m.Shape(), m.ModeAxes())
		if err != nil {
			return err
		}
		most := max(1, min(rows, models.TileElements/max(1, cols)))
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
	return fmt.Sprintf("%s: %s float%d, %s", path, console.Shape(m.Shape()), 8*asm.SizeOf[T](), m.RankWords()), nil
}
