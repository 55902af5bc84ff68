// Package models has the kinds of models that verbs work on, with the flags of each, and
// what all of them do alike.
package models

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"polyad/asm"
	"polyad/cmd/polyad/internal/input"
	"polyad/internal/modeldir"
	"polyad/matrix"
	"polyad/ndio"
	"polyad/solver"
	"polyad/tensor"
)

// Kind is a kind of model. What the verbs ask of it is answered in one file each:
// kindnmf.go, kindcpd.go, kindtucker.go. No verb asks which kind it is.
type Kind interface {
	Facts() *kindFacts
	Open32(dir string) (ModelOf[float32], error)
	Open64(dir string) (ModelOf[float64], error)

	register(f *FitFlags, fs *pflag.FlagSet, help func(string) string) // the flags that not all kinds have
	start(name string) bool                                            // whether a start has this name
	block(name string) (key string, err error)                         // of --l1 and --fix
	Keys(order int) []string                                           // of all blocks

	Fit(f *FitFlags) (*Plan, error)
	Transform(f *FitFlags, of *SavedModel) (*Plan, error) // along f.along, with blocks that stay
	Evaluate(f *FitFlags, of *SavedModel) (*Plan, error)  // of a model as it is
}

// kindFacts are what there is to say of a kind of model.
type kindFacts struct {
	Name          string
	Short         string // of its verb
	Long, Example string
	arrays        []string // that tell of what type the elements are
	blocks, fixed string   // what flags take as a block, and as a block that is fixed
	methods       []string
	balances      []string
	starts        []string // that have names
	folder        string   // what a folder has that is a start
	floor         string   // of mu
	random        []string // the starts that depend on the seed
	help          map[string]string
}

// Plan is what is to be computed with data: all options but what depends on them.
type Plan struct {
	Settle func(in *input.Array) error // what depends on the number of modes
	Work32 Work[float32]
	Work64 Work[float64]
}

// Work computes with data of one element type. What is missing of them is told by a
// mask, or nil.
type Work[T asm.Float] interface {
	Fit(ctx context.Context, run *Fitting, in *input.Array, x *tensor.Dense[T], mask *tensor.Mask) (*Outcome, error)
	Transform(ctx context.Context, run *Fitting, in *input.Array, x *tensor.Dense[T], mask *tensor.Mask) (*Outcome, error)
	Evaluate(ctx context.Context, in *input.Array, x *tensor.Dense[T], mask *tensor.Mask) (*FitEval, error)
}

// Computation is a fit or a transform.
type Computation[T asm.Float] func(ctx context.Context, run *Fitting, in *input.Array, x *tensor.Dense[T], mask *tensor.Mask) (*Outcome, error)

// Outcome is a model that was computed and what is told of it.
type Outcome struct {
	*Result
	all    any // the result as JSON shows it
	model  interface{ Save(dir string) error }
	report solver.Report
	page   func(io.Writer) error
}

// ModelOf is a model of some kind, of one element type.
type ModelOf[T asm.Float] interface {
	Shape() []int
	RankList() []int             // one number; tucker: one a mode
	RankWords() string           // the ranks in words
	ModeAxes() []ndio.Axis       // what is known of the modes
	Columns() []*matrix.Dense[T] // of each mode a column per component, nil where it is left alone
	Array() rowTiles[T]          // the array it stands for
	SetSigns()                   // of components of both signs
	Leading(top *Leading, count int)
	Measure(e *Evaluation)                                                 // rank, blocks, pruned components
	Compare(with ModelOf[T], c *Comparison, eps float64) (compared, error) // with one of the same kind
}

// rowTiles gives an array as a matrix, rows at a time.
type rowTiles[T asm.Float] interface {
	Size() (rows, cols int)
	Tile(dst []T, lo, hi, worker int)
}

// startWords says what --init takes.
func (f *kindFacts) startWords() string {
	return strings.Join(f.starts, ", ") + ", or a folder with " + f.folder
}

// methodWords lists the methods.
func (f *kindFacts) methodWords() string {
	end := len(f.methods) - 1
	return strings.Join(f.methods[:end], ", ") + " or " + f.methods[end]
}

// Values returns the words that a flag of a verb takes which depend on the kind of
// model that the verb, or an audio recording, is fitted with.
func Values(verb, flag string) []string {
	if verb == "audio" {
		verb = "nmf"
	}
	k, ok := kinds[verb]
	if !ok {
		k = NMF{} // whose methods are those of all that transform
	}
	switch about := k.Facts(); flag {
	case "method":
		return about.methods
	case "init":
		return about.starts
	case "balance":
		return about.balances
	}
	return nil
}

var kinds = map[string]Kind{"nmf": NMF{}, "cpd": CPD{}, "tucker": Tucker{}}

// KindOf returns what kind of model a folder holds.
func KindOf(dir string) (Kind, error) {
	name, err := modeldir.Kind(dir)
	return kinds[name], err
}

// OpenModel returns the model in a folder, in float64.
func OpenModel(dir string) (Kind, ModelOf[float64], error) {
	k, err := KindOf(dir)
	if err != nil {
		return nil, nil, err
	}
	m, err := k.Open64(dir)
	return k, m, err
}

// IsFloat32 reports whether the elements of the model in a folder are float32.
func IsFloat32(k Kind, dir string) (bool, error) {
	for _, name := range k.Facts().arrays {
		a, err := ndio.ReadFile(filepath.Join(dir, name))
		if err != nil || a.F32 == nil {
			return false, err
		}
	}
	return true, nil
}

// anyKind stands for the kind of a model that is not known yet, while flags are read.
type anyKind struct{ Kind }

func (anyKind) Facts() *kindFacts {
	return &kindFacts{floor: "1e-16 times what an entry would be if all were alike", methods: nmfFacts.methods}
}

func (anyKind) register(*FitFlags, *pflag.FlagSet, func(string) string) {}

func (anyKind) block(name string) (string, error) {
	for _, k := range kinds {
		if _, err := k.block(name); err == nil {
			return name, nil
		}
	}
	return "", fmt.Errorf("block %q, want w, h, a mode number, core, factors or all", name)
}
