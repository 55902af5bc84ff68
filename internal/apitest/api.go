// Package apitest finds what packages export, so that tests which are to hold for all
// of it forget nothing.
package apitest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Packages are the folders of the packages that users import.
var Packages = []string{"asm", "audio", "balance", "cpd", "loss", "matrix", "matrix/gonumblas", "metrics", "ndio", "nmf", "reg", "solver", "tensor", "tucker"}

// API is what a package exports.
type API struct {
	Types   map[string]ast.Expr // by name, with what they are
	Funcs   []string
	Methods map[string][]string // by type, of exported types alone
}

// began is where the test began, which may go elsewhere.
var began, _ = os.Getwd()

// Root returns the folder of go.mod.
func Root(t *testing.T) string {
	t.Helper()
	for dir := began; ; {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = up
	}
}

// Of returns what the package in a folder below the root exports, on any system.
func Of(t *testing.T, folder string) *API {
	t.Helper()
	api := &API{Types: map[string]ast.Expr{}, Methods: map[string][]string{}}
	files, err := filepath.Glob(filepath.Join(Root(t), folder, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatal(folder, "has no Go files", err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				api.function(d)
			case *ast.GenDecl:
				for _, s := range d.Specs {
					if s, ok := s.(*ast.TypeSpec); ok && s.Name.IsExported() {
						api.Types[s.Name.Name] = s.Type
					}
				}
			}
		}
	}
	slices.Sort(api.Funcs)
	api.Funcs = slices.Compact(api.Funcs)
	return api
}

func (api *API) function(d *ast.FuncDecl) {
	switch {
	case !d.Name.IsExported():
	case d.Recv == nil:
		api.Funcs = append(api.Funcs, d.Name.Name)
	default:
		of := d.Recv.List[0].Type
		for {
			switch e := of.(type) {
			case *ast.StarExpr:
				of = e.X
			case *ast.IndexExpr:
				of = e.X
			case *ast.Ident:
				if e.IsExported() && !slices.Contains(api.Methods[e.Name], d.Name.Name) {
					api.Methods[e.Name] = append(api.Methods[e.Name], d.Name.Name)
				}
				return
			default:
				return
			}
		}
	}
}
