// Command rename gives the module of the current folder another import path:
//
//	go run ./internal/rename example.org/polyad
//
// It changes the module line of every go.mod and the imports of every Go file below
// the folder, and what internal/archtest expects. Nothing else names the path.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

func main() {
	err := errors.New("want one new import path, such as example.org/polyad")
	if len(os.Args) == 2 {
		err = rename(".", os.Args[1])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "rename:", err)
		os.Exit(1)
	}
}

var (
	modulePath = regexp.MustCompile(`^[a-zA-Z0-9][-._~a-zA-Z0-9]*(/[a-zA-Z0-9][-._~a-zA-Z0-9]*)*$`)
	moduleLine = regexp.MustCompile(`(?m)^module (\S+)$`)
	expected   = regexp.MustCompile(`(?m)^const module = "[^"]+"$`)
)

// rename renames the module in a folder.
func rename(dir, to string) error {
	if !modulePath.MatchString(to) {
		return fmt.Errorf("%q is no import path", to)
	}
	b, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return err
	}
	line := moduleLine.FindSubmatch(b)
	if line == nil {
		return fmt.Errorf("%s names no module", filepath.Join(dir, "go.mod"))
	}
	from := string(line[1])
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && path != dir && (strings.HasPrefix(e.Name(), ".") || e.Name() == "testdata"):
			return fs.SkipDir
		case e.Name() != "go.mod" && filepath.Ext(path) != ".go":
			return nil
		}
		old, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		text, err := renamed(path, old, from, to)
		if err != nil || bytes.Equal(old, text) {
			return err
		}
		return os.WriteFile(path, text, 0o666)
	})
}

// moved returns a path of the module under its new name.
func moved(path, from, to string) string {
	if path == from || strings.HasPrefix(path, from+"/") {
		return to + path[len(from):]
	}
	return path
}

// renamed returns the text of a file in which the module has its new name.
func renamed(path string, text []byte, from, to string) ([]byte, error) {
	if filepath.Base(path) == "go.mod" {
		return moduleLine.ReplaceAllFunc(text, func(line []byte) []byte {
			return []byte("module " + moved(string(line[len("module "):]), from, to))
		}), nil
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, text, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	var out []byte
	done := 0
	for _, i := range file.Imports {
		name, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			return nil, err
		}
		if now := moved(name, from, to); now != name {
			at := files.Position(i.Path.Pos()).Offset
			out = append(append(out, text[done:at]...), strconv.Quote(now)...)
			done = at + len(i.Path.Value)
		}
	}
	if out = append(out, text[done:]...); strings.HasPrefix(file.Name.Name, "archtest") {
		out = expected.ReplaceAll(out, []byte("const module = "+strconv.Quote(to)))
	}
	if bytes.Equal(out, text) {
		return text, nil // as it is, formatted or not
	}
	return format.Source(out)
}
