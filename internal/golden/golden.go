// Package golden reads the reference vectors in testdata/golden for tests. The
// README there says where they come from, how their conventions map to ours, and
// which test uses which.
package golden

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"polyad/matrix"
	"polyad/ndio"
	"polyad/tensor"
)

// dir returns a folder below testdata/golden of the module that the test which
// runs belongs to. Tests run in the folder of their package, however they were
// built.
func dir(elem ...string) string {
	root := "."
	for !exists(filepath.Join(root, "go.mod")) {
		parent := filepath.Join(root, "..")
		if abs, err := filepath.Abs(root); err != nil || abs == filepath.Dir(abs) {
			break
		}
		root = parent
	}
	return filepath.Join(append([]string{root, "testdata", "golden"}, elem...)...)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Array is a reference array with its tolerance: |x - ref| ≤ Tol·max|ref|.
type Array struct {
	Shape []int
	Tol   float64
	Data  []float64
}

// Case is one case of the set hrsi.
type Case struct {
	ID, Kind        string
	Params          map[string]any
	Inputs, Outputs map[string]Array
	Expect          map[string]any
}

// HRSI returns the cases of one kind of the set hrsi.
func HRSI(kind string) ([]Case, error) {
	type slot struct {
		Offset int
		Shape  []int
		Tol    float64
	}
	var manifest struct {
		Cases []struct {
			ID, Kind, File  string
			Params, Expect  map[string]any
			Inputs, Outputs map[string]slot
		}
	}
	if err := readJSON(dir("hrsi", "manifest.json"), &manifest); err != nil {
		return nil, err
	}
	var cases []Case
	for _, c := range manifest.Cases {
		if c.Kind != kind {
			continue
		}
		v, err := ndio.Load[float64](dir("hrsi", c.File))
		if err != nil {
			return nil, err
		}
		cut := func(slots map[string]slot) map[string]Array {
			m := map[string]Array{}
			for name, s := range slots {
				n, _ := tensor.Elements(s.Shape)
				m[name] = Array{Shape: s.Shape, Tol: s.Tol, Data: v.Data[s.Offset : s.Offset+n]}
			}
			return m
		}
		cases = append(cases, Case{ID: c.ID, Kind: c.Kind, Params: c.Params, Expect: c.Expect, Inputs: cut(c.Inputs), Outputs: cut(c.Outputs)})
	}
	if len(cases) == 0 {
		return nil, fmt.Errorf("no golden case of kind %q", kind)
	}
	return cases, nil
}

// NMF returns the cases of the set nmf by name; every output has the tolerance
// of its case.
func NMF() (map[string]Case, error) {
	var manifest struct {
		Cases map[string]struct {
			Params          map[string]any
			Inputs, Outputs map[string]string
			RTol            *float64
		}
	}
	if err := readJSON(dir("nmf", "manifest.json"), &manifest); err != nil {
		return nil, err
	}
	cases := map[string]Case{}
	for name, c := range manifest.Cases {
		tol := 1e-11
		if c.RTol != nil {
			tol = *c.RTol
		}
		load := func(files map[string]string) (map[string]Array, error) {
			m := map[string]Array{}
			for key, file := range files {
				t, err := ndio.Load[float64](dir("nmf", filepath.FromSlash(file)))
				if err != nil {
					return nil, err
				}
				m[key] = Array{Shape: t.Shape, Tol: tol, Data: t.Data}
			}
			return m, nil
		}
		in, err := load(c.Inputs)
		if err != nil {
			return nil, err
		}
		out, err := load(c.Outputs)
		if err != nil {
			return nil, err
		}
		cases[name] = Case{ID: name, Params: c.Params, Inputs: in, Outputs: out}
	}
	return cases, nil
}

func readJSON(path string, v any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}

// Matrix returns a copy of an array of order 2.
func (a Array) Matrix() *matrix.Dense[float64] {
	return matrix.Of(a.Shape[0], a.Shape[1], append([]float64(nil), a.Data...))
}

// Tensor returns a copy of an array.
func (a Array) Tensor() *tensor.Dense[float64] {
	return tensor.Of(append([]float64(nil), a.Data...), a.Shape...)
}

// Float returns a number among the parameters, 0 when it is missing.
func (c Case) Float(name string) float64 {
	v, _ := c.Params[name].(float64)
	return v
}

// Floats returns a list of numbers among the parameters.
func (c Case) Floats(name string) []float64 {
	list, _ := c.Params[name].([]any)
	out := make([]float64, len(list))
	for i, v := range list {
		out[i], _ = v.(float64)
	}
	return out
}

// Check compares x with the reference, max|x - ref| ≤ Tol·max|ref|, and returns
// what is wrong.
func (a Array) Check(x []float64) error {
	if len(x) != len(a.Data) {
		return fmt.Errorf("%d values, want %d", len(x), len(a.Data))
	}
	var largest float64
	for _, v := range a.Data {
		largest = math.Max(largest, math.Abs(v))
	}
	for i, v := range x {
		if !(math.Abs(v-a.Data[i]) <= a.Tol*largest) {
			return fmt.Errorf("value %d is %v, want %v within %g", i, v, a.Data[i], a.Tol*largest)
		}
	}
	return nil
}

// CheckEach compares x with the reference value by value, |x - ref| ≤ Tol·|ref|,
// as loss traces are compared. x may be shorter than the reference.
func (a Array) CheckEach(x []float64) error {
	if len(x) > len(a.Data) || len(x) == 0 {
		return fmt.Errorf("%d values, want at most %d", len(x), len(a.Data))
	}
	for i, v := range x {
		if !(math.Abs(v-a.Data[i]) <= a.Tol*math.Abs(a.Data[i])) {
			return fmt.Errorf("value %d is %v, want %v within %g of it", i, v, a.Data[i], a.Tol)
		}
	}
	return nil
}
