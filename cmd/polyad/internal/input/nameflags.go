package input

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"polyad/cmd/polyad/internal/console"
	"polyad/cmd/polyad/internal/exit"
	"polyad/ndio"
)

// nameFlags tell what the indices of the modes of the data stand for, beside what a
// table has in its header and its index column.
type nameFlags struct {
	names, axis []string
}

func (f *nameFlags) Register(fs *pflag.FlagSet) {
	fs.StringArrayVar(&f.names, "names", nil, "names of a mode's indices, as `MODE=FILE` with a name a line; mode 0: the rows of a matrix; repeatable")
	fs.StringArrayVar(&f.axis, "axis", nil, "values of a mode's axis, as `MODE=FILE` with a value a line below a header such as wavelength [nm]; repeatable")
}

// of returns what is known of the modes of an array, nil when that is nothing.
func (f *nameFlags) of(array ndio.Array) ([]ndio.Axis, error) {
	shape := array.Shape()
	axes := array.Axes()
	set := func(flag string, given []string, read func(a *ndio.Axis, r io.Reader, size int) error) error {
		for _, s := range given {
			mode, path, ok := strings.Cut(s, "=")
			n, err := strconv.Atoi(mode)
			switch {
			case !ok || err != nil || path == "":
				return exit.Usagef("--%s %s; want MODE=FILE, such as 0=rows.txt", flag, console.Quote(s))
			case n < 0 || n >= len(shape):
				return exit.Usagef("--%s %s: the data have the modes 0 to %d", flag, console.Quote(s), len(shape)-1)
			}
			if axes == nil {
				axes = make([]ndio.Axis, len(shape))
			}
			file, err := os.Open(path)
			if err != nil {
				return fmt.Errorf("--%s: %w", flag, err)
			}
			err = read(&axes[n], file, shape[n])
			file.Close()
			if err != nil {
				return fmt.Errorf("--%s: %s: mode %d: %w", flag, path, n, err)
			}
		}
		return nil
	}
	err := set("names", f.names, func(a *ndio.Axis, r io.Reader, size int) (err error) {
		a.Names, err = ndio.ReadNames(r, size)
		return err
	})
	if err == nil {
		err = set("axis", f.axis, func(a *ndio.Axis, r io.Reader, size int) error {
			read, err := ndio.ReadAxis(r)
			if err == nil {
				err = read.Check(size)
			}
			a.Values, a.Title, a.Unit = read.Values, read.Title, read.Unit
			return err
		})
	}
	return axes, err
}

// Either returns what is known of the modes from data, and where that is nothing
// from a model of the same shape.
func Either(data, model []ndio.Axis) []ndio.Axis {
	if data == nil {
		return ndio.CloneAxes(model)
	}
	axes := ndio.CloneAxes(data)
	for n, a := range axes {
		if a.IsZero() && n < len(model) {
			axes[n] = model[n].Clone()
		}
	}
	return axes
}

// Sampled returns what is known of the modes of a model with new samples along one
// of them: of those that from the data, of the others that from the model.
func Sampled(model, data []ndio.Axis, mode int) []ndio.Axis {
	axes := Either(model, data)
	if mode < len(axes) {
		axes[mode] = ndio.Axis{}
		if mode < len(data) {
			axes[mode] = data[mode].Clone()
		}
	}
	return axes
}

// OtherNames says in a line where data have other names than the model in a mode
// that stays, as the order of rows may be another one.
func (r *Reader) OtherNames(file string, model, data []ndio.Axis, mode int) {
	for n := range min(len(model), len(data)) {
		if n == mode || r.Err == nil {
			continue
		}
		for i := range min(len(model[n].Names), len(data[n].Names)) {
			if x, y := model[n].Names[i], data[n].Names[i]; x != "" && y != "" && x != y {
				fmt.Fprintf(r.Err, "polyad: %s: index %d of mode %d is %s there and %s in the model; are they in the same order?\n", console.Plain(file), i, n, strconv.Quote(y), strconv.Quote(x))
				break
			}
		}
	}
}

// AxisResult is what JSON tells of a mode.
type AxisResult struct {
	Names  []string  `json:"names,omitempty"`
	Values []float64 `json:"values,omitempty"`
	Title  string    `json:"title,omitempty"`
	Unit   string    `json:"unit,omitempty"`
}

func AxisResults(axes []ndio.Axis) (out []AxisResult) {
	for _, a := range axes {
		out = append(out, AxisResult{a.Names, a.Values, a.Title, a.Unit})
	}
	return out
}
