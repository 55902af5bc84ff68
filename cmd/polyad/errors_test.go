package main

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/cmd/polyad/internal/exit"
)

// unreachable are texts that no command line leads to: they are about Go values.
var unreachable = []string{"context.Background()", "not a pointer", "*Result[%T]", "want FillZero", "is fixed, so holding"}

// goNames are names that only callers of the library know.
var goNames = regexp.MustCompile(`Options\b|\bInit\b|\bEps\b|\bMask\b|Fix[WH]|\{\}|\b[a-z]+\.[A-Z]\w|set [a-z-]+ to|(^|[^-])\b(extrapolate|inner) (false|0)`)

func TestErrorsOfTheLibrarySpeakOfFlags(t *testing.T) {
	seen := 0
	for _, pkg := range []string{"nmf", "cpd", "tucker", "internal/fitting", "internal/nnls", "reg", "loss", "solver", "balance"} {
		files, err := filepath.Glob(filepath.Join("..", "..", filepath.FromSlash(pkg), "*.go"))
		require.NoError(t, err)
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			src, err := os.ReadFile(path)
			require.NoError(t, err)
			file, err := parser.ParseFile(token.NewFileSet(), path, src, 0)
			require.NoError(t, err)
			ast.Inspect(file, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				f, ok := call.Fun.(*ast.SelectorExpr)
				if !ok || f.Sel.Name != "Errorf" || len(call.Args) == 0 {
					return true
				}
				lit, ok := call.Args[0].(*ast.BasicLit)
				if !ok {
					return true
				}
				text, err := strconv.Unquote(lit.Value)
				require.NoError(t, err)
				for _, u := range unreachable {
					if strings.Contains(text, u) {
						return true
					}
				}
				seen++
				said := exit.Words(errors.New(text))
				assert.False(t, goNames.MatchString(said), "%s says %q", path, said)
				assert.NotContains(t, said, "----")
				return true
			})
		}
	}
	assert.Greater(t, seen, 100)
}

func TestErrorsAreSaidInTheWordsOfTheCommand(t *testing.T) {
	dir := t.TempDir()
	x := tensorFile(t, dir)
	m := save(t, filepath.Join(dir, "M.npy"), sample[float64]())
	hole := filepath.Join(dir, "hole.csv")
	require.NoError(t, os.WriteFile(hole, []byte("1,2,nan\n0,1,2\n"), 0o666))
	zero := filepath.Join(dir, "zero.csv")
	require.NoError(t, os.WriteFile(zero, []byte("1,2,3\n0,1,2\n"), 0o666))
	for line, c := range map[string]struct {
		code int
		says string
	}{
		"nmf " + hole + " -r 1":                                       {1, "--missing nan"},
		"nmf " + zero + " -r 1 --loss is":                             {1, "floor the data with --eps"},
		"nmf " + m + " -r 2 --eps -1":                                 {2, "--eps is -1"},
		"nmf " + m + " -r 2 --method anls --eps 1e-9":                 {2, "so --eps has no effect"},
		"nmf " + m + " -r 2 --workers -1":                             {2, "--workers is -1"},
		"nmf " + m + " -r 2 --tol -1":                                 {2, "--tol is -1"},
		"nmf " + m + " -r 2 --max-iter -1":                            {2, "--max-iter is -1"},
		"nmf " + m + " -r 2 --balance every":                          {2, "--balance every without penalties; give both factors one, as --l1 all=V does"},
		"nmf " + m + " -r 2 --loss kl --method hals":                  {2, "use --method mu"},
		"nmf " + m + " -r 2 --loss is --extrapolate --method mu":      {2, "leave --extrapolate out"},
		"nmf " + m + " -r 2 --method mu --init nndsvd":                {2, "use --init nndsvda or nndsvdar"},
		"nmf " + m + " -r 2 --l1 w=1":                                 {2, "flags: --l1 BLOCK=V"},
		"nmf " + m + " -r 2 --method hals --lp all=3:1":               {2, "use --method mu"},
		"nmf " + m + " -r 2 --inner -3":                               {2, "--inner is -3"},
		"nmf " + m + " -r -3":                                         {2, "(flag: --rank)"},
		"cpd " + x + " -r 2 --nonneg=7":                               {2, "--nonneg names mode 7"},
		"cpd " + x + " -r 2 --fix 7 --init " + dir + "/truth":         {2, "--fix names mode 7"},
		"cpd " + x + " -r 2 --balance init":                           {2, "--balance init without penalties"},
		"cpd " + x + " -r 2 --init compressed --nonneg":               {2, "--init compressed is for"},
		"cpd " + x + " -r 2 --method als --l1 all=1":                  {2, "use --method hals"},
		"cpd " + x + " -r 2 --eps 1e-9":                               {2, "so --eps has no effect"},
		"cpd " + x + " -r 2 --extrapolate --l2 all=1 --balance block": {2, "use --balance every, or leave --extrapolate out"},
		"cpd " + x + " -r 2 --loss kl":                                {1, "use --method als or hals"},
		"cpd " + hole + " -r 1 --line-search --missing nan":           {2, "--line-search needs complete data; use --extrapolate where"},
		"cpd " + x + " -r 2 --line-search --balance block --l2 all=1": {2, "--line-search is for sweeps that are not balanced within (block); use --balance every"},
		"cpd " + x + " -r 2 --init compressed --error-target 2":       {2, "--error-target is 2, must be from 0 to 1"},
		"cpd " + x + " -r 2 --init compressed --ranks 2,2":            {2, "2 numbers in --ranks for data of the shape"},
		"cpd " + x + " -r 2 --init compressed --ranks 2,2,99":         {2, "rank 2 of --ranks is 99"},
		"cpd " + x + " -r 5 --init " + dir + "/truth":                 {1, "--init " + dir + "/truth: "},
		"cpd " + m + " -r 2 --init " + dir + "/truth":                 {1, "--init " + dir + "/truth: "},
		"cpd " + x + " -r 2 --nonneg 0,1":                             {2, "--nonneg=0,1"},
		"tucker " + x + " -r 2 --nonneg core":                         {2, "--nonneg=core"},
		"tucker " + x + " -r 2 --loss kl":                             {1, "use --method hooi or hals"},
		"tucker " + x + " -r 2 --method hooi --loss kl":               {2, "use --method mu"},
		"tucker " + x + " -r 2 --balance sinkhorn":                    {2, "as --l2 all=V does"},
		"tucker " + x + " -r 2 --l2 factors=1":                        {2, "mode 0, mode 1, mode 2 are penalized"},
		"eval " + dir:                                                 {1, "weights.npy (cpd) nor core.npy (tucker)"},
	} {
		code, stdout, stderr := call(strings.Fields(line)...)
		assert.Equal(t, c.code, code, "%s: %s", line, stderr)
		assert.Contains(t, stderr, c.says, line)
		assert.NotContains(t, stderr, "----", line)
		assert.False(t, goNames.MatchString(stderr), stderr)
		assert.Empty(t, stdout)
		assert.Equal(t, 1, strings.Count(stderr, "\n"))
	}
}
