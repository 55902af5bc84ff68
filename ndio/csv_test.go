package ndio

import (
	"bytes"
	"encoding/csv"
	"io"
	"math"
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
		"1,5;2,5\n3,5;4,5\n":                "decimal points",
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
		assert.Len(t, a.Remarks, 1, c.name)
	}
	a, err := ReadCSV(strings.NewReader("0,1,2\n5,3,9\n"), 0)
	require.NoError(t, err)
	assert.Len(t, a.Remarks, 1, "a first line that counts is remarked on")
}
