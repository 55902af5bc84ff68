//go:build ignore

// This program writes notices.txt from the module graph of cmd/polyad.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// systems are those that polyad is built for: what is linked differs.
var systems = []string{"linux/amd64", "linux/arm64", "windows/amd64", "darwin/arm64", "js/wasm"}

// notice matches the names of files with notices.
var notice = regexp.MustCompile(`(?i)^(un)?(licen[cs]e|copying|copyright|notice|patents)([-.].*)?$`)

// linked is a package as go list shows it.
type linked struct {
	Dir      string
	Standard bool
	Module   *struct {
		Path, Version, Dir string
		Main               bool
	}
}

func main() {
	log.SetFlags(0)
	root := filepath.Join("..", "..")
	texts := map[string][]string{} // module: files
	titles := map[string]string{}
	for _, system := range systems {
		for _, p := range packages(system) {
			if p.Standard || p.Module == nil || p.Module.Main {
				continue
			}
			title := p.Module.Path + " " + p.Module.Version
			titles[title] = p.Module.Dir
			for dir := p.Dir; ; dir = filepath.Dir(dir) {
				texts[title] = append(texts[title], noticesIn(dir)...)
				if dir == p.Module.Dir {
					break
				}
			}
			texts[title] = append(texts[title], allIn(filepath.Join(p.Module.Dir, "THIRD_PARTY_LICENSES"))...)
		}
	}
	var out strings.Builder
	out.WriteString("polyad is built from the following works; each is followed by its notices.\n")
	write(&out, "polyad", root, []string{filepath.Join(root, "LICENSE")})
	write(&out, "the recording that is built in", root, []string{filepath.Join(root, "audio", "NOTICE.md")})
	goroot := strings.TrimSpace(run(nil, "go", "env", "GOROOT"))
	write(&out, "the Go standard library and runtime", goroot, []string{filepath.Join(goroot, "LICENSE")})
	var order []string
	for title := range titles {
		order = append(order, title)
	}
	slices.Sort(order)
	for _, title := range order {
		files := texts[title]
		slices.Sort(files)
		if files = slices.Compact(files); len(files) == 0 {
			log.Fatalf("%s has no file with a licence in %s", title, titles[title])
		}
		write(&out, title, titles[title], files)
	}
	if err := os.WriteFile("notices.txt", []byte(out.String()), 0o666); err != nil {
		log.Fatal(err)
	}
}

// packages lists what cmd/polyad is built from on a system.
func packages(system string) (list []linked) {
	goos, arch, _ := strings.Cut(system, "/")
	env := append(os.Environ(), "GOOS="+goos, "GOARCH="+arch, "CGO_ENABLED=0")
	d := json.NewDecoder(strings.NewReader(run(env, "go", "list", "-deps", "-json=Dir,Standard,Module", "../../cmd/polyad")))
	for {
		var p linked
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			log.Fatal(err)
		}
		list = append(list, p)
	}
}

// run returns what a command prints.
func run(env []string, name string, args ...string) string {
	cmd := exec.Command(name, args...)
	cmd.Env, cmd.Stderr = env, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		log.Fatalf("%s: %v", cmd, err)
	}
	return string(out)
}

// noticesIn lists the files with notices in a folder.
func noticesIn(dir string) (files []string) {
	for _, file := range allIn(dir) {
		if notice.MatchString(filepath.Base(file)) && filepath.Ext(file) != ".go" {
			files = append(files, file)
		}
	}
	return files
}

// allIn lists the files in a folder.
func allIn(dir string) (files []string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if e.Type().IsRegular() {
			files = append(files, filepath.Join(dir, e.Name()))
		}
	}
	return files
}

// write appends the texts of a work.
func write(out *strings.Builder, title, dir string, files []string) {
	fmt.Fprintf(out, "\n%s\n%s\n", strings.Repeat("=", 79), title)
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			log.Fatal(err)
		}
		rel, err := filepath.Rel(dir, file)
		if err != nil {
			log.Fatal(err)
		}
		var lines []string
		for _, line := range strings.Split(strings.ReplaceAll(string(b), "\r\n", "\n"), "\n") {
			lines = append(lines, strings.TrimRight(line, " \t\f\r"))
		}
		fmt.Fprintf(out, "\n-- %s\n\n%s\n", filepath.ToSlash(rel), strings.Trim(strings.Join(lines, "\n"), "\n"))
	}
}
