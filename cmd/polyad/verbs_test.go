package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Verbs ask the kind of a model, and not which one it is, so that another kind, or
// another verb, is added in one place. Recordings are fitted by nmf; synth makes models.
func TestNoVerbAsksWhichKindAModelIs(t *testing.T) {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	seen := 0
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") || path == "main.go" || path == "audio.go" || path == "synth.go" {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		require.NoError(t, err)
		for _, i := range f.Imports {
			name, err := strconv.Unquote(i.Path.Value)
			require.NoError(t, err)
			assert.NotContains(t, []string{"polyad/nmf", "polyad/cpd", "polyad/tucker"}, name, path)
			if name == "polyad/cmd/polyad/internal/models" {
				seen++
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				assert.NotContains(t, []string{"NMF", "CPD", "Tucker"}, n.Sel.Name, path)
			case *ast.BasicLit:
				assert.NotContains(t, []string{`"nmf"`, `"cpd"`, `"tucker"`}, n.Value, path)
			}
			return true
		})
	}
	assert.Greater(t, seen, 5)
}
