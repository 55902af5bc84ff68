package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/pflag"

	"polyad/asm"
	"polyad/cmd/polyad/internal/input"
	"polyad/internal/modeldir"
	"polyad/matrix"
	"polyad/ndio"
	"polyad/solver"
	"polyad/tensor"
)

// kind is a kind of model. What the verbs ask of it is answered in one file each:
// kindnmf.go, kindcpd.go, kindtucker.go. No verb asks which kind it is.
type kind interface {
	facts() *kindFacts
	open32(dir string) (modelOf[float32], error)
	open64(dir string) (modelOf[float64], error)

	register(f *fitFlags, fs *pflag.FlagSet, help func(string) string) // the flags that not all kinds have
	start(name string) bool                                            // whether a start has this name
	block(name string) (key string, err error)                         // of --l1 and --fix
	keys(order int) []string                                           // of all blocks

	fit(f *fitFlags) (*plan, error)
	transform(f *fitFlags, of *savedModel) (*plan, error) // along f.along, with blocks that stay
	evaluate(f *fitFlags, of *savedModel) (*plan, error)  // of a model as it is
}

// kindFacts are what there is to say of a kind of model.
type kindFacts struct {
	name          string
	short         string // of its verb
	long, example string
	arrays        []string // that tell of what type the elements are
	blocks, fixed string   // what flags take as a block, and as a block that is fixed
	starts        string   // what --init takes
	random        []string // the starts that depend on the seed
	help          map[string]string
}

// plan is what is to be computed with data: all options but what depends on them.
type plan struct {
	settle func(in *input.Array) error // what depends on the number of modes
	work32 work[float32]
	work64 work[float64]
}

// work computes with data of one element type. What is missing of them is told by a
// mask, or nil.
type work[T asm.Float] interface {
	fit(ctx context.Context, run *fitting, in *input.Array, x *tensor.Dense[T], mask *tensor.Mask) (*outcome, error)
	transform(ctx context.Context, run *fitting, in *input.Array, x *tensor.Dense[T], mask *tensor.Mask) (*outcome, error)
	evaluate(ctx context.Context, in *input.Array, x *tensor.Dense[T], mask *tensor.Mask) (*fitEval, error)
}

// computation is a fit or a transform.
type computation[T asm.Float] func(ctx context.Context, run *fitting, in *input.Array, x *tensor.Dense[T], mask *tensor.Mask) (*outcome, error)

// outcome is a model that was computed and what is told of it.
type outcome struct {
	*result
	all    any // the result as JSON shows it
	model  interface{ Save(dir string) error }
	report solver.Report
	page   func(io.Writer) error
}

// modelOf is a model of some kind, of one element type.
type modelOf[T asm.Float] interface {
	Shape() []int
	ranks() []int                // one number; tucker: one a mode
	size() string                // the ranks in words
	axes() []ndio.Axis           // what is known of the modes
	columns() []*matrix.Dense[T] // of each mode a column per component, nil where it is left alone
	tiles() rowTiles[T]          // the array it stands for
	fixSigns()                   // of components of both signs
	leading(top *leading, count int)
	measure(e *evaluation)                                                 // rank, blocks, pruned components
	compare(with modelOf[T], c *comparison, eps float64) (compared, error) // with one of the same kind
}

// rowTiles gives an array as a matrix, rows at a time.
type rowTiles[T asm.Float] interface {
	Size() (rows, cols int)
	Tile(dst []T, lo, hi, worker int)
}

var kinds = map[string]kind{"nmf": nmfKind{}, "cpd": cpdKind{}, "tucker": tuckerKind{}}

// kindOf returns what kind of model a folder holds.
func kindOf(dir string) (kind, error) {
	name, err := modeldir.Kind(dir)
	return kinds[name], err
}

// openModel returns the model in a folder, in float64.
func openModel(dir string) (kind, modelOf[float64], error) {
	k, err := kindOf(dir)
	if err != nil {
		return nil, nil, err
	}
	m, err := k.open64(dir)
	return k, m, err
}

// isFloat32 reports whether the elements of the model in a folder are float32.
func isFloat32(k kind, dir string) (bool, error) {
	for _, name := range k.facts().arrays {
		a, err := ndio.ReadFile(filepath.Join(dir, name))
		if err != nil || a.F32 == nil {
			return false, err
		}
	}
	return true, nil
}

// anyKind stands for the kind of a model that is not known yet, while flags are read.
type anyKind struct{ kind }

func (anyKind) facts() *kindFacts { return &kindFacts{} }

func (anyKind) register(*fitFlags, *pflag.FlagSet, func(string) string) {}

func (anyKind) block(name string) (string, error) {
	for _, k := range kinds {
		if _, err := k.block(name); err == nil {
			return name, nil
		}
	}
	return "", fmt.Errorf("block %q, want w, h, a mode number, core, factors or all", name)
}
