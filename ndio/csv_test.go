package ndio

import (
	"bytes"
	"encoding/csv"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/matrix"
	"polyad/tensor"
)

var nan = math.NaN()

// sameBits compares numbers, taking NaN as equal to NaN and 0 as other than -0.
func sameBits(a, b []float64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if math.Float64bits(a[i]) != math.Float64bits(b[i]) && !(math.IsNaN(a[i]) && math.IsNaN(b[i])) {
			return false
		}
	}
	return true
}

func TestTablesRead(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		name, text string
		comma      rune
		cols       int
		want       []float64
	}{
		{"plain", "1,2\n3,4\n", 0, 2, []float64{1, 2, 3, 4}},
		{"no newline at the end", "1,2\n3,4", 0, 2, []float64{1, 2, 3, 4}},
		{"windows", "1,2\r\n3,4\r\n", 0, 2, []float64{1, 2, 3, 4}},
		{"one number", "7", 0, 1, []float64{7}},
		{"one column", "1\n2\n\n3\n", 0, 1, []float64{1, 2, 3}},
		{"forms of numbers", "-1.5e-3,+2,.5,3.,-0,1E2\n", 0, 6, []float64{-1.5e-3, 2, 0.5, 3, math.Copysign(0, -1), 100}},
		{"missing", "1,,3\nNaN,nan,NA\n", 0, 3, []float64{1, nan, 3, nan, nan, nan}},
		{"missing in the first line", ",NA\n1,2\n", 0, 2, []float64{nan, nan, 1, 2}},
		{"infinite", "Inf,-inf,+Infinity\n", 0, 3, []float64{inf, -inf, inf}},
		{"blanks", " 1 ,\t2 \n3 , 4\n", 0, 2, []float64{1, 2, 3, 4}},
		{"quotes", "\"1\", \"2\"\n3,\"4\"\n", 0, 2, []float64{1, 2, 3, 4}},
		{"header", "a,b\n1,2\n", 0, 2, []float64{1, 2}},
		{"header of names like numbers", "1_1,1_2\n1,2\n", 0, 2, []float64{1, 2}},
		{"header with an empty field", "x,,y\n1,2,3\n", 0, 3, []float64{1, 2, 3}},
		{"header in quotes over two lines", "\"a\nb\",c\n1,2\n", 0, 2, []float64{1, 2}},
		{"comments", "# a;b\n#\n1,2\n# 3,4\n5,6\n#", 0, 2, []float64{1, 2, 5, 6}},
		{"comment, blank lines, header", "\n# no; commas\n\r\na;b\n\n1;2\n", 0, 2, []float64{1, 2}},
		{"byte order mark", "\ufeff1,2\n", 0, 2, []float64{1, 2}},
		{"byte order mark and comment", "\ufeff# x\n1;2\n", 0, 2, []float64{1, 2}},
		{"decimal commas", "1,5;2,5\n3;-4,25e1\n", 0, 2, []float64{1.5, 2.5, 3, -42.5}},
		{"decimal commas and tabs", "a\tb\n1,5\t2\n", 0, 2, []float64{1.5, 2}},
		{"decimal commas and blanks", "1,5 2,5\n3 4\n", 0, 2, []float64{1.5, 2.5, 3, 4}},
		{"decimal commas in quotes", "\"1,5\",\"2,123\"\n3,\"4,5\"\n", 0, 2, []float64{1.5, 2.123, 3, 4.5}},
		{"three decimals", "0,123;1,456\n", 0, 2, []float64{0.123, 1.456}},
		{"semicolons, comma in the header", "a, b;c\n1;2\n3;4\n", 0, 2, []float64{1, 2, 3, 4}},
		{"semicolons, commas in names", "name;x;y\nDoe, J;1;2\nRoe, R;3;4\n", 0, 2, []float64{1, 2, 3, 4}},
		{"words for missing values", "#N/A,1\nNULL,N/A\nnull,#NA\n<NA>,None\n", 0, 2, []float64{nan, 1, nan, nan, nan, nan, nan, nan}},
		{"comment like a word", "#NAME of it\n#N/A of x\n#\n1;2\n", 0, 2, []float64{1, 2}},
		{"old ends of lines", "# c\ra,b\r1,2\r\r3,4", 0, 2, []float64{1, 2, 3, 4}},
		{"mixed ends of lines", "1,2\r3,4\n5,6\r\n7,8\r", 0, 2, []float64{1, 2, 3, 4, 5, 6, 7, 8}},
		{"blanks between", "  1   2\t3\n 4 5  6 \n", 0, 3, []float64{1, 2, 3, 4, 5, 6}},
		{"R, write.table", "\"a b\" \"c\"\n\"1 x\" 1 NA\n\"2\\\"\" 3 4\n", 0, 2, []float64{1, nan, 3, 4}},
		{"Fortran", " 0.1D+01  -.5d-1\n 2.  3.D0\n", 0, 2, []float64{1, -0.05, 2, 3}},
		{"separators at the ends", "a,b,\n1,2,\n3,4,\n", 0, 2, []float64{1, 2, 3, 4}},
		{"separators at the ends of rows", "a;b\n1;2;\n3;4;\n", 0, 2, []float64{1, 2, 3, 4}},
		{"separator at the end of the header", "a;b;\n1;2\n3;4\n", 0, 2, []float64{1, 2, 3, 4}},
		{"empty column with a name", "a,b\n1,\n3,\n", 0, 2, []float64{1, nan, 3, nan}},
		{"late value in the last column", strings.Repeat("1,\n", 2*sampleRows) + "2,3\n", 0, 2, append(slices.Repeat([]float64{1, nan}, 2*sampleRows), 2, 3)},
		{"nothing there", ",\n,\n", 0, 2, []float64{nan, nan, nan, nan}},
		{"UTF-16, little endian", "\xff\xfea\x00,\x00b\x00\n\x001\x00,\x002\x00", 0, 2, []float64{1, 2}},
		{"UTF-16, big endian", "\xfe\xff\x001\x00\t\x002\x00\r\x00\n", 0, 2, []float64{1, 2}},
		{"UTF-16 without mark", "1\x00,\x002\x00\n\x00", 0, 2, []float64{1, 2}},
		{"semicolons", "1;2\n3;4\n", 0, 2, []float64{1, 2, 3, 4}},
		{"tabs", "1\t2\n3\t4\n", 0, 2, []float64{1, 2, 3, 4}},
		{"tabs, given", "a\tb\n1\t\n\t 4\n", '\t', 2, []float64{1, nan, nan, 4}},
		{"spaces, given", "1 2\n3 4\n", ' ', 2, []float64{1, 2, 3, 4}},
		{"long comment", "#" + strings.Repeat("x", 3*peekBytes) + "\n1;2\n", 0, 2, []float64{1, 2}},
		{"long row", strings.Repeat("1;", peekBytes) + "1\n", 0, peekBytes + 1, tensorOfOnes(peekBytes + 1)},
	} {
		for how, r := range readers([]byte(c.text)) {
			a, err := ReadCSV(r, c.comma)
			require.NoError(t, err, "%s %s", c.name, how)
			assert.Equal(t, "text", a.Stored)
			require.Equal(t, []int{len(c.want) / c.cols, c.cols}, a.Shape(), c.name)
			require.True(t, sameBits(c.want, a.F64.Data), "%s: %v", c.name, a.F64.Data)
		}
	}
}

func tensorOfOnes(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = 1
	}
	return x
}

func TestBadTablesNameThePlace(t *testing.T) {
	for text, says := range map[string]string{
		"":                                  "no numbers in it",
		"\ufeff":                            "no numbers in it",
		"\n\n":                              "no numbers in it",
		"# only\n# comments":                "no numbers in it",
		"1,x,3\n4,5,6\n":                    `line 1, column 2: "x" is not a number`,
		"a,b\n":                             `line 1, the only one, is a header, as "a" is not a number`,
		"\n1,2,3 4\n":                       `line 2, column 3: "3 4" is not a number; mend it, or take the line away if it is a header`,
		"1,2\n3\n":                          "line 2 has 1 fields, line 1 has 2",
		"1,2\n3,4,5\n":                      "line 2 has 3 fields, line 1 has 2",
		"a,b,c\n1,2\n":                      "line 2 has 2 fields, line 1 has 3",
		"# c\n\n1,2\n# d\n3,4,5\n":          "line 5 has 3 fields, line 3 has 2",
		"1,2\n3,x\n":                        `line 2, column 2: "x" is not a number`,
		"# c\na,b\n1,2\n\n3 5,4\n":          `line 5, column 1: "3 5" is not a number`,
		"\"a\nb\",c\n1,2\n3,-\n":            `line 4, column 2: "-" is not a number`,
		"1,2\n1_000,4\n":                    "is not a number",
		"1,2\n\x00,4\n":                     `"\x00" is not a number`,
		"1,2\n1e999,4\n":                    "line 2, column 1: \"1e999\" does not fit a float64",
		"1e999,2\n":                         "line 1, column 1: \"1e999\" does not fit a float64",
		"1,5;2,5\n3,5;4.5\n":                `line 2, column 2: "4.5" has another decimal mark`,
		"1.5;2,5\n":                         `line 1, column 2: "2,5" has another decimal mark`,
		"1.234,5;2\n":                       `"1.234,5" may have separators between thousands`,
		"a,b\n\"1,234\",2\n":                `"1,234" may have separators between thousands`,
		"1;2\n1,234,567;4\n":                `"1,234,567" may have separators between thousands`,
		"a\tb\n1'000\t2\n":                  `"1'000" may have separators between thousands`,
		"a;b\n1\u00a0234,5;2\n":             "may have separators between thousands",
		"1,2\n3,12%\n":                      `"12%" is not a number; write it without the sign`,
		"chr,x\n1,2\nX,4\n":                 `line 3, column 1: "X" is not a number; mend it, or say that the first column is an index`,
		",A,A\n,x,y\n1,2,3\n":               `line 2, column 2: "x" is not a number; mend it, or take the line away if it belongs to the header`,
		"n,a,b\nx,1,-\ny,2,3\n":             `line 2, column 3: "-" is not a number; mend it, or write NaN where a value is missing`,
		"u,i,r\nann,tea,3\nbob,nut,4\n":     "one column alone may name rows; a list of entries",
		"1,2\n\"3,4\n":                      "line 2, byte 6",
		"#\n#\n1,2\n3\",4\n":                "line 4, byte 2",
		"1,2\n" + strings.Repeat("y", 9999): "line 2 has 1 fields",
		"1\n" + strings.Repeat("y", 9999):   "yyy…",
	} {
		for how, r := range readers([]byte(text)) {
			_, err := ReadCSV(r, 0)
			require.ErrorIs(t, err, ErrFormat, "%.60q %s", text, how)
			assert.ErrorContains(t, err, says)
			assert.Less(t, len(err.Error()), 300)
			assertOneLine(t, err)
		}
	}
	_, err := ReadCSV(strings.NewReader("1,\"2\n"), 0)
	assert.ErrorIs(t, err, csv.ErrQuote)
}

func TestErrorsWhileReadingTablesAreKept(t *testing.T) {
	for _, head := range []string{"", "#", "# a\n", "1,2\n3,4\n", strings.Repeat("1,2\n", peekBytes)} {
		_, err := ReadCSV(io.MultiReader(strings.NewReader(head), iotest.ErrReader(io.ErrClosedPipe)), 0)
		require.ErrorIs(t, err, io.ErrClosedPipe, "%.20q", head)
		assertOneLine(t, err)
	}
	for _, comma := range []rune{'"', '\n', '#', 0xfffd} {
		_, err := ReadCSV(strings.NewReader("1,2\n"), comma)
		assert.Error(t, err, "%q", comma)
	}
}

func TestTablesOfNumpyRead(t *testing.T) {
	for _, name := range []string{"table.csv", "table.tsv"} {
		a, err := ReadFile("testdata/" + name)
		require.NoError(t, err)
		assert.Equal(t, ramp[float64](3, 4), a.F64, name)
	}
}

func TestCSVRoundTrip(t *testing.T) { both(t, testCSVRoundTrip[float32], testCSVRoundTrip[float64]) }

func testCSVRoundTrip[T asm.Float](t *testing.T) {
	m := matrix.New[T](3, 5)
	for i, x := range []float64{0.1, 1.0 / 3, -1e-30, 1e30, math.Copysign(0, -1), 1, nan, math.Inf(1), math.Inf(-1), 16777217, 2.5e-38, 7, -8, 9, math.Pi} {
		m.Data[i] = T(x)
	}
	for name, m := range map[string]*matrix.Dense[T]{"whole": m, "block": m.View(1, 1, 2, 3)} {
		var b bytes.Buffer
		require.NoError(t, WriteCSV(&b, m))
		a, err := ReadCSV(&b, 0)
		require.NoError(t, err)
		got, want := As[T](a), tensor.FromMatrix(m).Clone()
		assert.Equal(t, want.Shape, got.Shape, name)
		assert.True(t, sameBits(as[float64](want).Data, as[float64](got).Data), "%s: %v, not %v", name, got, want)
	}
}

func TestCSVUsesTheFewestDigits(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, WriteCSV(&b, matrix.Of(2, 2, []float32{0.1, 1e-8, 3, float32(nan)})))
	assert.Equal(t, "0.1,1e-08\n3,NaN\n", b.String())
}

func TestEmptyMatricesAreNotWrittenAsTables(t *testing.T) {
	for _, m := range []*matrix.Dense[float64]{matrix.New[float64](0, 3), matrix.New[float64](3, 0), {}} {
		var b bytes.Buffer
		err := WriteCSV(&b, m)
		require.ErrorIs(t, err, ErrShape)
		assertOneLine(t, err)
		assert.Zero(t, b.Len())
	}
}

// What programs write as header and index is not data.
func TestHeaderAndIndexAreToldFromData(t *testing.T) {
	one := []string{"1", "2"}
	for _, c := range []struct {
		name, text string
		cols       int
		want       []float64
		rows       []string
		columns    []string
	}{
		{"pandas", ",a,b\n0,1.5,2\n1,3,4\n", 2, []float64{1.5, 2, 3, 4}, []string{"0", "1"}, []string{"a", "b"}},
		{"pandas, one row", ",a,b\n0,1.5,2\n", 2, []float64{1.5, 2}, []string{"0"}, []string{"a", "b"}},
		{"pandas, numbered columns", ",0,1\n0,1.5,2\n1,3,4\n", 2, []float64{1.5, 2, 3, 4}, []string{"0", "1"}, []string{"0", "1"}},
		{"pandas, dates", "date,a\n2020-01-01,1\n2020-01-02,2\n", 1, []float64{1, 2}, []string{"2020-01-01", "2020-01-02"}, []string{"a"}},
		{"R, write.csv", "\"\",\"a\"\n\"1\",5\n\"2\",6\n", 1, []float64{5, 6}, one, []string{"a"}},
		{"R, write.table", "\"a\"\t\"b\"\n\"x\"\t1\t2\n\"y\"\t3\t4\n", 2, []float64{1, 2, 3, 4}, []string{"x", "y"}, []string{"a", "b"}},
		{"R, numbers alone", "\"350\" \"360\"\n\"1\" 3 4\n\"2\" 5 6\n", 2, []float64{3, 4, 5, 6}, one, []string{"350", "360"}},
		{"years", "country,1990,1991,1992\nDE,1,2,4\nFR,4,5,7\n", 3, []float64{1, 2, 4, 4, 5, 7}, []string{"DE", "FR"}, []string{"1990", "1991", "1992"}},
		{"index alone", "x,1,2\ny,3,4\n", 2, []float64{1, 2, 3, 4}, []string{"x", "y"}, nil},
		{"numbers alone", "0,1,2\n5,3,9\n", 3, []float64{0, 1, 2, 5, 3, 9}, nil, nil},
		{"header alone", "a,b\n1,2\n", 2, []float64{1, 2}, nil, []string{"a", "b"}},
		{"missing in the corner", ",2,3\n1,7,3\n4,5,6\n", 3, []float64{nan, 2, 3, 1, 7, 3, 4, 5, 6}, nil, nil},
	} {
		a, err := ReadCSV(strings.NewReader(c.text), 0)
		require.NoError(t, err, c.name)
		require.Equal(t, []int{len(c.want) / c.cols, c.cols}, a.Shape(), c.name)
		require.True(t, sameBits(c.want, a.F64.Data), "%s: %v", c.name, a.F64.Data)
		if c.rows == nil && c.columns == nil {
			assert.Nil(t, a.Names, c.name)
			continue
		}
		assert.Equal(t, [][]string{c.rows, c.columns}, a.Names, c.name)
		assert.Contains(t, a.Remarks[0], "took", c.name)
	}
}

// What could be otherwise is told.
func TestTablesThatCouldBeOtherwiseAreRemarkedOn(t *testing.T) {
	for text, remarks := range map[string][]string{
		"1,2\n3,4\n":            nil,
		"1,2\n3,4\n5,6\n7,8\n":  nil,
		"a,b\n1,2\n":            {"took line 1 as header"},
		"#\n,a\n5,2\n":          {"took line 2 as header and the first column as index"},
		"x,2\n":                 {"took the first column as index, and no line as header"},
		"0,1,2\n5,3,9\n":        {"took line 1 as data, though it counts as a header may"},
		"id,a\n1,7\n2,3\n3,3\n": {"took line 1 as header", "took the first column as data, though it counts as an index may"},
		"0,9\n1,3\n2,8\n":       {"took the first column as data, though it counts as an index may"},
		"1,5;2\n":               {"took commas as decimal marks"},
		"user,item,rating\n1,1,5\n1,2,3\n2,1,4\n2,3,1": {"took line 1 as header", "took it as a matrix of 3 columns, though each line may be an entry (row, column, value) of one of 2 rows and 3 columns; write such a table as a .mtx file"},
		"1 10 5\n1 20 3\n2 10 4\n2 20 1":               {"took it as a matrix of 3 columns, though each line may be an entry (row, column, value) of one of 2 rows and 2 columns; write such a table as a .mtx file"},
		"1,2,3\n4,5,6\n7,8,9\n1,5,2\n":                 nil,
	} {
		a, err := ReadCSV(strings.NewReader(text), 0)
		require.NoError(t, err, text)
		assert.Equal(t, remarks, a.Remarks, text)
	}
}

// Options decide where a table does not tell, or tells otherwise.
func TestOptionsSayWhatHeaderAndIndexAre(t *testing.T) {
	for _, c := range []struct {
		text  string
		o     Options
		shape []int
		names [][]string
	}{
		{"0,1\n5,3\n", Options{Header: Present}, []int{1, 2}, [][]string{nil, {"0", "1"}}},
		{"0,1\n5,3\n", Options{Index: Present}, []int{2, 1}, [][]string{{"0", "5"}, nil}},
		{"0,1\n5,3\n", Options{Header: Present, Index: Present}, []int{1, 1}, [][]string{{"5"}, {"1"}}},
		{"1,2\n5,3,4\n", Options{Header: Present}, []int{1, 2}, [][]string{{"5"}, {"1", "2"}}},
		{",a\n5,3\n", Options{Index: Absent}, []int{1, 2}, [][]string{nil, {"", "a"}}},
		{"id,a\n5,3\n", Options{Index: Present}, []int{1, 1}, [][]string{{"5"}, {"a"}}},
		{",1\n5,3\n6,4\n7,5\n", Options{Header: Absent, Index: Absent}, []int{4, 2}, nil},
		{"NA,NA\n5,3\n", Options{Header: Present}, []int{1, 2}, [][]string{nil, {"NA", "NA"}}},
	} {
		a, err := c.o.Decode(strings.NewReader(c.text))
		require.NoError(t, err, c.text)
		assert.Equal(t, c.shape, a.Shape(), c.text)
		assert.Equal(t, c.names, a.Names, c.text)
	}
	for text, o := range map[string]Options{
		"a,b\n1,2\n": {Header: Absent},
		"x,1\n":      {Index: Absent},
		"1\n2\n":     {Index: Present},
		"1,2\n":      {Header: Present},
	} {
		_, err := o.Decode(strings.NewReader(text))
		require.ErrorIs(t, err, ErrFormat, text)
		assertOneLine(t, err)
	}
}

// Names of code page 1252, as spreadsheets write them, are read as such.
func TestNamesAreText(t *testing.T) {
	a, err := ReadCSV(strings.NewReader(" Gr\xf6\xdfe ;\"a \"\"b\"\"\"\n1;2\n"), 0)
	require.NoError(t, err)
	assert.Equal(t, [][]string{nil, {"Größe", `a "b"`}}, a.Names)
}
