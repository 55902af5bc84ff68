package input

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"

	"polyad/cmd/polyad/internal/console"
	"polyad/cmd/polyad/internal/exit"
	"polyad/ndio"
)

// dataFlags say how a file of data is read. Every verb that reads one has them.
type dataFlags struct {
	header, index presence
	transpose     bool
	dtype         DTypeFlag
}

// presence is a flag that is true or false, or not given.
type presence ndio.Presence

// Type names the form of the value in the help.
func (p *presence) Type() string { return "bool" }

// String returns the value, and nothing when the flag was not given.
func (p *presence) String() string {
	switch ndio.Presence(*p) {
	case ndio.Present:
		return "true"
	case ndio.Absent:
		return "false"
	}
	return ""
}

// Set parses a value.
func (p *presence) Set(v string) error {
	switch strings.ToLower(v) {
	case "true":
		*p = presence(ndio.Present)
	case "false":
		*p = presence(ndio.Absent)
	default:
		return errors.New("want true or false")
	}
	return nil
}

// DataFlagNames are the flags of all verbs that read data.
var DataFlagNames = []string{"header", "index", "transpose"}

func (d *dataFlags) Register(fs *pflag.FlagSet) {
	fs.Var(&d.header, "header", "tables: the first line names the columns, with =false it does not; default: as it looks")
	fs.Var(&d.index, "index", "tables: the first column names the rows, with =false it does not; default: as it looks")
	fs.Lookup("header").NoOptDefVal, fs.Lookup("index").NoOptDefVal = "true", "true"
	fs.BoolVar(&d.transpose, "transpose", false, "exchange rows and columns of FILE, and of --mask where there is one")
}

// options returns the flags as options of a reader.
func (d *dataFlags) options() ndio.Options {
	return ndio.Options{Header: ndio.Presence(d.header), Index: ndio.Presence(d.index), Transpose: d.transpose}
}

// RegisterType registers --dtype, for verbs that compute with the data.
func (d *dataFlags) RegisterType(fs *pflag.FlagSet) {
	fs.Var(&d.dtype, "dtype", "compute with numbers of this type, f32 or f64, and write the model in it; default: as FILE has them, f64 for integers")
}

// DTypeFlag is an element type, or none.
type DTypeFlag string

// Type names the form of the value in the help.
func (t *DTypeFlag) Type() string { return "f32|f64" }

// String returns the type as arrays name it.
func (t *DTypeFlag) String() string { return string(*t) }

// Set parses a value.
func (t *DTypeFlag) Set(v string) error {
	switch v {
	case "f32", "float32":
		*t = "float32"
	case "f64", "float64":
		*t = "float64"
	default:
		return errors.New("want f32 or f64")
	}
	return nil
}

// Unused refuses flags about data where none are read.
func (d *dataFlags) Unused(fs *pflag.FlagSet, where string) error {
	for _, name := range DataFlagNames {
		if fs.Changed(name) {
			return exit.Usagef("--%s has no effect %s; leave it out", name, where)
		}
	}
	return nil
}

// readMask reads the file of a mask as the data are read; one that is no table has
// neither header nor index.
func (d *dataFlags) readMask(path string) (ndio.Array, error) {
	array, err := d.options().ReadFile(path)
	if errors.Is(err, ndio.ErrOption) {
		array, err = ndio.Options{Transpose: d.transpose}.ReadFile(path)
	}
	return array, err
}

// remark tells in one line how a file was read that may be meant in another way.
func (d *dataFlags) remark(w io.Writer, path string, remarks []string) {
	if len(remarks) == 0 {
		return
	}
	text := strings.Join(remarks, "; ")
	if guessed := ndio.Presence(d.header) == ndio.Guess || ndio.Presence(d.index) == ndio.Guess; guessed &&
		(strings.Contains(text, "header") || strings.Contains(text, "index")) {
		text += " (--header and --index, or --header=false and --index=false, say otherwise)"
	}
	fmt.Fprintln(w, "polyad: "+console.Line(path+": "+text))
}
