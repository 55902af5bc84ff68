// Package input reads the arrays that verbs take, with what is missing of them and
// what their indices stand for.
package input

import (
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"polyad/audio"
	"polyad/cmd/polyad/internal/exit"
	"polyad/ndio"
)

// Array is an array that was read, and what result files tell of it.
type Array struct {
	Array ndio.Array
	Axes  []ndio.Axis // what is known of its modes
	Facts Facts
}

// Facts is the field input of result.json.
type Facts struct {
	File   string `json:"file"`
	Shape  []int  `json:"shape"`
	DType  string `json:"dtype"`
	SHA256 string `json:"sha256"`

	Bytes int `json:"-"` // of an element in the file
}

// Reader reads the arrays that a verb takes, as its flags say.
type Reader struct {
	In    io.Reader // standard input
	Err   io.Writer // takes remarks, unless it is nil
	Data  dataFlags
	Names nameFlags
}

// Read reads an array file, or standard input for "-".
func (r *Reader) Read(path string) (*Array, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s is a folder; give an array file", path)
	}
	if audio.IsRecording(path) {
		return nil, exit.Usagef("%s is a recording, not an array; use 'polyad audio %s'", path, path)
	}
	if what := audio.Foreign(path); what != "" {
		return nil, exit.Usagef("%s is a recording (%s), not an array; use 'polyad audio' after %s", path, what, audio.Conversion(path))
	}
	var array ndio.Array
	var sum [32]byte
	var err error
	if path == "-" {
		array, sum, err = r.Data.options().DecodeSum(r.In)
	} else {
		array, sum, err = r.Data.options().ReadFileSum(path)
	}
	if err != nil {
		if path == "-" {
			err = fmt.Errorf("standard input: %w", err)
		}
		return nil, err
	}
	if r.Err != nil {
		r.Data.remark(r.Err, path, array.Remarks)
	}
	dtype := array.DType()
	if err := convert(&array, string(r.Data.dtype)); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	axes, err := r.Names.of(array)
	if err != nil {
		return nil, err
	}
	return &Array{array, axes, Facts{
		File: filepath.ToSlash(path), Shape: array.Shape(), DType: dtype, SHA256: hex.EncodeToString(sum[:]),
		Bytes: array.ElementBytes(),
	}}, nil
}

// convert gives an array elements of another type, unless the name of that is empty
// or the array has it.
func convert(array *ndio.Array, dtype string) error {
	switch {
	case dtype == "float64" && array.F32 != nil:
		array.F64, array.F32 = ndio.As[float64](*array), nil
	case dtype == "float32" && array.F64 != nil:
		wide := array.F64.Contiguous()
		array.F32, array.F64 = ndio.As[float32](*array), nil
		for i, v := range array.F32.Data {
			if math.IsInf(float64(v), 0) && !math.IsInf(wide.Data[i], 0) {
				return fmt.Errorf("%v is beyond what float32 holds; leave --dtype out, or rescale the data", wide.Data[i])
			}
		}
	}
	return nil
}
