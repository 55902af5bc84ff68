package archtest

// levels is the level of every package, by its path within the module. A
// package imports lower levels only, never its own.
var levels = map[string]int{
	"asm":                0,
	"internal/memory":    0,
	"internal/mp3":       0,
	"internal/par":       0,
	"internal/wholefile": 0,
	"internal/licences":  0,
	"internal/named":     0,

	"solver":            1,
	"matrix":            1,
	"internal/modeldir": 1,

	"tensor":           2,
	"loss":             2,
	"matrix/gonumblas": 2,

	"reg":            3,
	"metrics":        3,
	"ndio":           3,
	"internal/hosvd": 3,

	"balance":       4,
	"internal/data": 4,
	"internal/nnls": 4,

	"internal/fitting": 5,

	"nmf":    6,
	"cpd":    6,
	"tucker": 6,

	"audio":           7,
	"tune":            7,
	"internal/synth":  7,
	"internal/report": 7,

	"internal/bench":      8,
	"internal/experiment": 8,
}

// programs is the level of commands, examples and benchmarks: they and all
// below them import anything, and nothing imports them.
const programs = 9

var programFolders = []string{"cmd/polyad", "examples", "bench", "internal/rename"}

// helpers are for tests: no other code imports them.
var helpers = map[string]bool{
	"internal/golden":   true,
	"internal/archtest": true,
	"internal/apitest":  true,
	"internal/fittest":  true,
	"internal/racing":   true,
}

// grant lets a package import third-party packages by their path or a folder
// above them.
type grant struct{ importer, path string }

// restricted are the third-party packages that need a grant, by a folder.
var restricted = []string{
	"github.com/klauspost/cpuid",
	"github.com/spf13/cobra",
	"github.com/spf13/pflag",
	"github.com/stretchr/testify",
	"gonum.org/v1/gonum",
	"gonum.org/v1/plot",
}

// grants say who may import what is restricted. Testify has none: only tests
// import it.
var grants = []grant{
	{"asm", "github.com/klauspost/cpuid"},
	{"cmd/polyad", "github.com/spf13/cobra"},
	{"cmd/polyad", "github.com/spf13/pflag"},
	{"matrix", "gonum.org/v1/gonum"},
	{"audio", "gonum.org/v1/gonum/dsp/fourier"},
	{"audio", "gonum.org/v1/gonum/dsp/window"},
	{"internal/bench", "gonum.org/v1/gonum/blas"},
	{"internal/report", "gonum.org/v1/plot"},
	{"internal/experiment", "gonum.org/v1/plot"},
}

// maxLines is the length that no file reaches that is not generated.
const maxLines = 600
