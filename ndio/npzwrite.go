package ndio

import (
	"archive/zip"
	"fmt"
	"io"
	"strings"

	"polyad/asm"
	"polyad/internal/wholefile"
	"polyad/tensor"
)

// Named is an array with its name in a file.
type Named struct {
	Name  string
	Array Array
}

// Name returns t as an array of the given name. It shares memory with t.
func Name[T asm.Float](name string, t *tensor.Dense[T]) Named {
	return Named{name, arrayOf(t)}
}

// WriteNPZ writes arrays as numpy.savez does, in their order, or deflated as
// numpy.savez_compressed does. The names must be different and not empty. Equal
// arrays make equal files: no times are written.
func WriteNPZ(w io.Writer, arrays []Named, deflate bool) error {
	seen := map[string]bool{}
	z := zip.NewWriter(w)
	for _, n := range arrays {
		if n.Name == "" || seen[n.Name] || strings.ContainsAny(n.Name, "\x00\n") {
			return fmt.Errorf("%w: %q as a name in .npz: it is taken, empty or has a line break", ErrName, clip(n.Name))
		}
		seen[n.Name] = true
		if n.Array.DType() == "" {
			return fmt.Errorf("%w: array %q is missing", ErrShape, clip(n.Name))
		}
		method := zip.Store
		if deflate {
			method = zip.Deflate
		}
		f, err := z.CreateHeader(&zip.FileHeader{Name: n.Name + npyMember, Method: method})
		if err != nil {
			return err
		}
		if err := writeNPY(f, n.Array); err != nil {
			return fmt.Errorf("array %q: %w", clip(n.Name), err)
		}
	}
	return z.Close()
}

// WriteNPZFile is [WriteNPZ] to a file, which appears whole or not at all, as with
// [WriteFile].
func WriteNPZFile(path string, arrays []Named, deflate bool) error {
	err := wholefile.Write(path, func(w io.Writer) error { return WriteNPZ(w, arrays, deflate) })
	if err != nil {
		return pathError(path, err)
	}
	return nil
}

func writeNPZ(w io.Writer, a Array, name string) error {
	if name == "" {
		name = "arr_0"
	}
	return WriteNPZ(w, []Named{{name, a}}, false)
}
