package ndio_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"polyad/matrix"
	"polyad/ndio"
	"polyad/tensor"
)

// An array is written and read back; a file appears whole or not at all.
func Example() {
	dir, err := os.MkdirTemp("", "ndio")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "x.npy")

	x := tensor.Of([]float32{1, 2, 3, 4, 5, 6}, 1, 2, 3)
	if err := ndio.WriteFile(path, x); err != nil {
		panic(err)
	}
	a, err := ndio.ReadFile(path)
	if err != nil {
		panic(err)
	}
	fmt.Println(a.DType(), a.Shape(), a.F32.Data)
	// Output: float32 [1 2 3] [1 2 3 4 5 6]
}

// Integers become float64; Stored tells what the file has.
func ExampleReadFile() {
	a, err := ndio.ReadFile("testdata/i2_big.npy")
	if err != nil {
		panic(err)
	}
	fmt.Println(a.Stored, "read as", a.DType(), a.Shape())
	fmt.Println(a.F64.At(0, 0, 0), a.F64.At(1, 2, 3))

	_, err = ndio.ReadFile("x.xlsx")
	fmt.Println(err)
	// Output:
	// int16 (big endian) read as float64 [2 3 4]
	// -12 11
	// x.xlsx: unknown file suffix: ".xlsx"; save its sheet as .csv, or convert the array to one of .npy, .csv, .tsv, .txt, .dat, .npz, .mtx, .mat
}

// The sum is that of the file's bytes, as sha256sum prints it.
func ExampleReadFileSum() {
	a, sum, err := ndio.ReadFileSum("testdata/scalar.npy")
	if err != nil {
		panic(err)
	}
	fmt.Println(a.F64.At(), hex.EncodeToString(sum[:4]))
	// Output: 2.5 e48eff86
}

func ExampleLoad() {
	x, err := ndio.Load[float32]("testdata/table.csv")
	if err != nil {
		panic(err)
	}
	fmt.Println(x.Shape, x.At(1, 2))
	// Output: [3 4] 0.75
}

// A stream without the mark of .npy is a table.
func ExampleDecode() {
	a, err := ndio.Decode(strings.NewReader("# counts\nleft;right\n1;2\n3;\n"))
	if err != nil {
		panic(err)
	}
	fmt.Println(a.Shape(), a.F64.Data)
	// Output: [2 2] [1 2 3 NaN]
}

func ExampleDecodeSum() {
	_, sum, err := ndio.DecodeSum(strings.NewReader("1,2\n"))
	if err != nil {
		panic(err)
	}
	fmt.Println(hex.EncodeToString(sum[:4]))
	// Output: 52186c93
}

func ExampleReadCSV() {
	_, err := ndio.ReadCSV(strings.NewReader("a,b\n1,2\n3,four\n"), ',')
	fmt.Println(err)
	// Output: malformed array file: line 3, column 2: "four" is not a number; mend it, or write NaN where a value is missing
}

func ExampleWriteCSV() {
	m := matrix.Of(2, 2, []float32{0.1, 2, 3e10, 4})
	if err := ndio.WriteCSV(os.Stdout, m); err != nil {
		panic(err)
	}
	// Output:
	// 0.1,2
	// 3e+10,4
}

// A stream whose header claims more than follows is refused.
func ExampleReadNPY() {
	var b bytes.Buffer
	if err := ndio.WriteNPY(&b, tensor.New[float64](2, 3)); err != nil {
		panic(err)
	}
	whole := b.Bytes()
	_, err := ndio.ReadNPY(bytes.NewReader(whole[:len(whole)-8]))
	fmt.Println(err)
	// Output: array file cut short: shape [2 3] of float64 takes 48 bytes behind the header, but 40 are there; copy or save it again
}

func ExampleAs() {
	a := ndio.Array{F64: tensor.Of([]float64{0.5, 0.25}, 2)}
	fmt.Println(ndio.As[float64](a) == a.F64, ndio.As[float32](a).Data)
	// Output: true [0.5 0.25]
}

// Several arrays go into one file, which numpy.load reads as well.
func ExampleWriteNPZFile() {
	dir, err := os.MkdirTemp("", "ndio")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "model.npz")

	w, h := tensor.Of([]float32{1, 2, 3, 4}, 2, 2), tensor.Of([]float32{5, 6}, 2, 1)
	if err := ndio.WriteNPZFile(path, []ndio.Named{ndio.Name("W", w), ndio.Name("H", h)}, true); err != nil {
		panic(err)
	}
	x, err := ndio.Load[float32](path + ":H")
	if err != nil {
		panic(err)
	}
	fmt.Println(x.Shape, x.Data)
	_, err = ndio.ReadFile(path)
	fmt.Println(strings.TrimPrefix(err.Error(), dir))
	// Output:
	// [2 1] [5 6]
	// /model.npz: array name: there are 2, "W", "H"; choose one by :NAME behind the file
}
