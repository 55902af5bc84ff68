package ndio_test

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/ndio"
)

func TestNamesOfATableComeBack(t *testing.T) {
	odd := []string{"plain", "with, comma", `a "quote"`, "two\nlines", "tab\there", "# hash", "semi;colon", "häß", ""}
	x := make([]float64, len(odd)*3)
	for i := range x {
		x[i] = float64(i) / 7
	}
	for _, axes := range [][]ndio.Axis{
		{{Names: odd}, {Names: []string{"u", "v, w", "x"}}},
		{{Names: odd}},
		{{}, {Names: []string{"u", "v", "x"}}},
		nil,
	} {
		var b bytes.Buffer
		w, err := ndio.NewTableWriter[float64](&b, len(odd), 3, ',', axes)
		require.NoError(t, err)
		require.NoError(t, w.Write(x[:4]))
		require.NoError(t, w.Write(x[4:]))
		require.ErrorIs(t, w.Write(x[:1]), ndio.ErrShape)
		require.NoError(t, w.Close())
		o := ndio.Options{Header: ndio.Absent, Index: ndio.Absent}
		if len(axes) > 0 {
			o.Header = ndio.Present
		}
		if len(axes) > 0 && axes[0].Names != nil {
			o.Index = ndio.Present
		}
		path := filepath.Join(t.TempDir(), "x.csv")
		require.NoError(t, os.WriteFile(path, b.Bytes(), 0o666))
		a, err := o.ReadFile(path)
		require.NoError(t, err, b.String())
		require.Equal(t, x, a.F64.Data)
		got := a.Axes()
		for n, want := range axes {
			if want.Names != nil {
				require.Equal(t, want.Names, got[n].Names)
			}
		}
		_, err = csv.NewReader(&b).ReadAll()
		require.NoError(t, err, "others read it")
	}
}

func TestTablesHaveTheNamesOfTheirAxes(t *testing.T) {
	var b bytes.Buffer
	w, err := ndio.NewTableWriter[float32](&b, 2, 2, '\t', []ndio.Axis{{Names: []string{"s0", "s1"}}, {Values: []float64{250, 260.5}, Unit: "nm"}})
	require.NoError(t, err)
	require.ErrorIs(t, w.Close(), ndio.ErrShape, "before the numbers")
	require.NoError(t, w.Write([]float32{.1, 2, 3, 4}))
	require.NoError(t, w.Close())
	require.Equal(t, "\t250\t260.5\ns0\t0.1\t2\ns1\t3\t4\n", b.String())
	for _, axes := range [][]ndio.Axis{{{Names: []string{"one"}}}, {{}, {Values: []float64{1}}}} {
		_, err = ndio.NewTableWriter[float32](&b, 2, 2, ',', axes)
		require.ErrorIs(t, err, ndio.ErrShape)
	}
	_, err = ndio.NewTableWriter[float32](&b, 0, 2, ',', nil)
	require.ErrorIs(t, err, ndio.ErrShape)
}
