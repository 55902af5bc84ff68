package ndio

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAxesSurviveAFolder(t *testing.T) {
	dir := t.TempDir()
	axes := []Axis{
		{Names: []string{"apple", "", "apple", "<b>#1</b>"}},
		{Values: []float64{400.5, 1e-300, -3}, Title: "wavelength", Unit: "nm"},
		{},
		{Names: []string{"a", ""}, Values: []float64{0, 1}, Unit: "s"},
		{Names: []string{"Zoë", "1,5"}, Values: []float64{1, 2}},
	}
	require.NoError(t, SaveAxes(dir, axes))
	back, err := LoadAxes(dir, []int{4, 3, 7, 2, 2})
	require.NoError(t, err)
	assert.Equal(t, axes, back)
	b, err := os.ReadFile(filepath.Join(dir, AxisFile(1)))
	require.NoError(t, err)
	assert.Equal(t, "wavelength [nm]\n400.5\n1e-300\n-3\n", string(b))

	_, err = LoadAxes(dir, []int{5, 3, 7, 2, 2})
	require.ErrorIs(t, err, ErrShape)
	assert.ErrorContains(t, err, "names_0.txt")
	_, err = LoadAxes(dir, []int{4, 2, 7, 2, 2})
	require.ErrorIs(t, err, ErrShape)
	assert.ErrorContains(t, err, "axis_1.csv")

	none, err := LoadAxes(t.TempDir(), []int{2, 3})
	require.NoError(t, err)
	assert.Nil(t, none)
}

// A name is a line: what would end it, or steer a terminal, becomes a space.
func TestNamesAreLines(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, WriteNames(&b, []string{"a\nb", "\x1b[31mred", " c\r\n", ""}))
	names, err := ReadNames(&b, 4)
	require.NoError(t, err)
	assert.Equal(t, []string{"a b", "[31mred", "c", ""}, names)
}

func TestNamesAreCounted(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"a\nb\n", []string{"a", "b"}},
		{"\ufeffa\r\nb", []string{"a", "b"}},
		{"a\n\n", []string{"a", ""}},
		{"a\nb\n\n\n", []string{"a", "b"}},
		{"# not a comment\nb", []string{"# not a comment", "b"}},
	} {
		names, err := ReadNames(strings.NewReader(c.text), 2)
		require.NoError(t, err, "%q", c.text)
		assert.Equal(t, c.want, names)
	}
	for _, text := range []string{"", "a", "a\nb\nc"} {
		_, err := ReadNames(strings.NewReader(text), 2)
		require.ErrorIs(t, err, ErrShape, "%q", text)
	}
	for _, text := range []string{"a\n\xff\xfe", "a\x00\nb", strings.Repeat("x", maxName+1) + "\nb"} {
		_, err := ReadNames(strings.NewReader(text), 2)
		require.ErrorIs(t, err, ErrFormat)
	}
}

func TestAxisIsRead(t *testing.T) {
	for _, c := range []struct {
		text string
		want Axis
	}{
		{"1\n2\n", Axis{Values: []float64{1, 2}}},
		{"\"wavelength [nm]\"\n\"1\"\n2\n\n", Axis{Values: []float64{1, 2}, Title: "wavelength", Unit: "nm"}},
		{"[Hz]\n1\n", Axis{Values: []float64{1}, Unit: "Hz"}},
		{"time\n1\n", Axis{Values: []float64{1}, Title: "time"}},
	} {
		a, err := ReadAxis(strings.NewReader(c.text))
		require.NoError(t, err, "%q", c.text)
		assert.Equal(t, c.want, a)
	}
	for _, text := range []string{"", "nm\n", "1\nx\n", "nm\nx\n", "1,2\n3,4\n", "1\nNaN\n", "Inf\n", "1e999\n"} {
		_, err := ReadAxis(strings.NewReader(text))
		require.ErrorIs(t, err, ErrFormat, "%q", text)
	}
}

func TestLabelsAreNamesBeforeValues(t *testing.T) {
	a := Axis{Names: []string{"a", ""}, Values: []float64{400, 410.25}, Unit: "nm"}
	assert.Equal(t, "a", a.Label(0))
	assert.Equal(t, "410.25 nm", a.Label(1))
	assert.Empty(t, a.Label(2))
	name, first, second, count := Axis{Names: []string{"", "x", "", "y", "x", "y"}}.Repeated()
	assert.Equal(t, "x", name)
	assert.Equal(t, []int{1, 4, 2}, []int{first, second, count})
}

// Index columns of data frames that count say nothing.
func TestCountedRowsHaveNoNames(t *testing.T) {
	a, err := ReadCSV(strings.NewReader(",a,b\n0,1.5,2\n1,3,4\n"), 0)
	require.NoError(t, err)
	assert.Equal(t, []Axis{{}, {Names: []string{"a", "b"}}}, a.Axes())
}
