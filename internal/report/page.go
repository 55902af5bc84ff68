package report

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"math"
	"net/url"
	"strings"

	"polyad/matrix"
	"polyad/solver"
)

// ErrPage is wrapped by errors about content that no page can be made of. The
// text names the field.
var ErrPage = errors.New("invalid report")

// Fact is a line of the list of facts: what was read, chosen and found.
type Fact struct{ Name, Value string }

//go:embed page.css
var css string

//go:embed page.html model.html audio.html
var files embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"css":     func() template.CSS { return template.CSS(css) },
	"magma":   func() template.CSS { return gradient(magma) },
	"viridis": func() template.CSS { return gradient(viridis) },
}).ParseFS(files, "*.html"))

// write makes a page by filling a template with what build returns and writes it
// in one go. A panic of the plotting library becomes an error.
func write(w io.Writer, name string, build func() (any, error)) (err error) {
	var page bytes.Buffer
	if err := fill(&page, name, build); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	_, err = w.Write(page.Bytes())
	return err
}

func fill(page *bytes.Buffer, name string, build func() (any, error)) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: drawing failed: %v", ErrPage, r)
		}
	}()
	data, err := build()
	if err != nil {
		return err
	}
	return templates.ExecuteTemplate(page, name, data)
}

// link returns a path as the text of a URL that names no host and no scheme.
func link(path string) string {
	if path == "" {
		return ""
	}
	if rest := strings.TrimLeft(path, "/"); len(rest) < len(path) {
		path = "/" + rest // two slashes would name a host
	}
	return (&url.URL{Path: path}).String()
}

func checkTrace(t solver.Trace) error {
	for i, p := range t {
		for _, v := range [...]float64{p.Seconds, p.Loss, p.Penalty, p.RelError, p.Objective()} {
			if !finite(v) {
				return fmt.Errorf("%w: Trace[%d] holds %v, all its numbers must be finite", ErrPage, i, v)
			}
		}
		if i > 0 && (p.Iter < t[i-1].Iter || p.Seconds < t[i-1].Seconds) {
			return fmt.Errorf("%w: Trace[%d] is earlier than the point before it, points must be in order", ErrPage, i)
		}
	}
	return nil
}

func checkMatrix(name string, x *matrix.Dense[float64]) error {
	if x.Rows < 1 || x.Cols < 1 {
		return fmt.Errorf("%w: %s is %d x %d, leave it nil when there is none", ErrPage, name, x.Rows, x.Cols)
	}
	for i := range x.Rows {
		if err := checkValues(fmt.Sprintf("%s row %d", name, i), x.Row(i)); err != nil {
			return err
		}
	}
	return nil
}

func checkValues(name string, x []float64) error {
	for j, v := range x {
		if !(v >= 0) || !finite(v) {
			return fmt.Errorf("%w: %s, value %d is %v, must be finite and not negative", ErrPage, name, j, v)
		}
	}
	return nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
