package main

import (
	"encoding/hex"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"polyad/audio"
	"polyad/cmd/polyad/internal/exit"
	"polyad/ndio"
)

// input is an array that was read, and what result files tell of it.
type input struct {
	array ndio.Array
	axes  []ndio.Axis // what is known of its modes
	facts inputFacts
}

// inputFacts is the field input of result.json.
type inputFacts struct {
	File   string `json:"file"`
	Shape  []int  `json:"shape"`
	DType  string `json:"dtype"`
	SHA256 string `json:"sha256"`

	bytes int // of an element in the file
}

// readArray reads an array file, or standard input for "-".
func (a *app) readArray(path string) (*input, error) {
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
		array, sum, err = a.data.options().DecodeSum(a.in)
	} else {
		array, sum, err = a.data.options().ReadFileSum(path)
	}
	if err != nil {
		if path == "-" {
			err = fmt.Errorf("standard input: %w", err)
		}
		return nil, err
	}
	if !a.quiet {
		a.data.remark(a.err, path, array.Remarks)
	}
	dtype := array.DType()
	if err := convert(&array, string(a.data.dtype)); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	axes, err := a.names.of(array)
	if err != nil {
		return nil, err
	}
	return &input{array, axes, inputFacts{
		File: filepath.ToSlash(path), Shape: array.Shape(), DType: dtype, SHA256: hex.EncodeToString(sum[:]),
		bytes: array.ElementBytes(),
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
