package ndio

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReadsMatricesThatScipyWrote(t *testing.T) {
	eighths := []float64{0, .125, .25, .375, .5, .625, .75, .875, 1, 1.125, 1.25, 1.375}
	for file, want := range map[string]struct {
		data   []float64
		cols   int
		stored string
	}{
		"array":           {eighths, 4, "real (array, general)"},
		"coordinate":      {eighths, 4, "real (coordinate, general)"},
		"integer":         {[]float64{-5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6}, 4, "integer (coordinate, general)"},
		"pattern":         {[]float64{1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0}, 4, "pattern (coordinate, general)"},
		"symmetric":       {[]float64{0, 5, 10, 5, 10, 15, 10, 15, 20}, 3, "integer (coordinate, symmetric)"},
		"symmetric_array": {[]float64{0, .625, 1.25, .625, 1.25, 1.875, 1.25, 1.875, 2.5}, 3, "real (array, symmetric)"},
		"skew":            {[]float64{0, -3, -6, 3, 0, -3, 6, 3, 0}, 3, "integer (coordinate, skew-symmetric)"},
	} {
		a, err := ReadFile(filepath.Join("testdata", file+".mtx"))
		require.NoError(t, err, file)
		assert.Equal(t, []int{3, want.cols}, a.Shape(), file)
		assert.Equal(t, want.data, a.F64.Data, file)
		assert.Equal(t, want.stored, a.Stored)
	}
	_, err := ReadFile("testdata/complex.mtx")
	require.ErrorIs(t, err, ErrType)
	assert.ErrorContains(t, err, "complex")
}

func TestMatrixMarketForms(t *testing.T) {
	for text, want := range map[string][]float64{
		"%%MatrixMarket matrix coordinate real general\n2 2 3\n1 2 1\n1 2 .5\n2 1 -1e2":            {0, 1.5, -100, 0},
		"%%MatrixMarket matrix coordinate real general\r\n% x\r\n\r\n2\t2 1 \r\n\r\n 2 2 3\r\n%\n": {0, 0, 0, 3},
		"%%matrixmarket MATRIX Coordinate Double Symmetric\n2 2 2\n1 2 4\n2 2 1\n":                 {0, 4, 4, 1},
		"%%MatrixMarket matrix coordinate pattern symmetric\n2 2 2\n2 1\n2 1\n":                    {0, 2, 2, 0},
		"%%MatrixMarket matrix array integer general\n2 2\n1 2\n3\n4\n":                            {1, 3, 2, 4},
		"%%MatrixMarket matrix array unsigned-integer skew-symmetric\n2 2\n7\n":                    {0, -7, 7, 0},
		"%%MatrixMarket matrix array real general\n1 2\nNaN\n-inf\n":                               nil,
		"%%MatrixMarket matrix coordinate real general\n0 3 0\n":                                   {},
		"%%MatrixMarket matrix array real symmetric\n0 0\n":                                        {},
	} {
		for name, r := range readers([]byte(text)) {
			a, err := Decode(r)
			if strings.HasPrefix(text, "%%mat") { // the mark is known in one form only
				a, err = single(readMTX)(mustSource(t, []byte(text)), "")
			}
			require.NoError(t, err, "%s %s", text, name)
			if want != nil {
				assert.Equal(t, want, a.F64.Data, "%s %s", text, name)
			} else {
				assert.True(t, a.F64.Data[0] != a.F64.Data[0] && a.F64.Data[1] < -1e308)
			}
		}
	}
}

func mustSource(t testing.TB, b []byte) *source {
	s, err := newSource(bytes.NewReader(b), nil)
	require.NoError(t, err)
	return s
}

func TestHostileMatrices(t *testing.T) {
	const coo, arr = "%%MatrixMarket matrix coordinate real general\n", "%%MatrixMarket matrix array real general\n"
	for text, want := range map[string]struct {
		sentinel error
		says     string
	}{
		"":          {ErrTruncated, "empty"},
		"1 2 3\n":   {ErrFormat, "line 1: \"1 2 3\\n\" where %%MatrixMarket"},
		"%%Matrix ": {ErrFormat, "line 1"},
		"%%MatrixMarket matrix coordinate real\n":                              {ErrFormat, "4 words"},
		"%%MatrixMarket vector coordinate real general\n":                      {ErrFormat, `"vector"`},
		"%%MatrixMarket matrix sparse real general\n":                          {ErrFormat, `"sparse"`},
		"%%MatrixMarket matrix coordinate complex general\n1 1 0\n":            {ErrType, "complex"},
		"%%MatrixMarket matrix coordinate quaternion general\n1 1 0\n":         {ErrFormat, `"quaternion"`},
		"%%MatrixMarket matrix coordinate real hermitian\n1 1 0\n":             {ErrFormat, `"hermitian"`},
		"%%MatrixMarket matrix array pattern general\n1 1\n":                   {ErrFormat, "pattern"},
		"%%MatrixMarket matrix coordinate pattern skew-symmetric\n1 1 0\n":     {ErrFormat, "pattern"},
		"%%MatrixMarket matrix coordinate real symmetric\n2 3 0\n":             {ErrFormat, "line 2: 2 x 3 cannot be symmetric"},
		"%%MatrixMarket matrix coordinate real skew-symmetric\n2 2 1\n1 1 1\n": {ErrFormat, "line 3: an entry on the diagonal"},
		coo:                                      {ErrTruncated, "before the sizes"},
		coo + "% x\n\n":                          {ErrTruncated, "ends at line 3, before the sizes"},
		coo + "2 2\n":                            {ErrFormat, "line 2: 2 sizes, 3 are expected"},
		arr + "2 2 4\n":                          {ErrFormat, "3 sizes"},
		coo + "-1 2 0\n":                         {ErrFormat, `"-1"`},
		coo + "2 x 0\n":                          {ErrFormat, `"x"`},
		coo + "99999999999999999999 2 0\n":       {ErrFormat, "size"},
		coo + "4611686018427387904 4 1\n1 1 1\n": {ErrFormat, "line 2"},
		coo + "1000000 1000000 1\n1 1 1\n":       {ErrMemory, "8000.0 GB"},
		coo + "2 2 1000\n1 1 1\n":                {ErrTruncated, "1000 entries, but 6 bytes"},
		arr + "10000 10000\n1\n":                 {ErrTruncated, "100000000 entries, but 2 bytes"},
		coo + "2 2 2\n%....................\n1 1 1\n":             {ErrTruncated, "after 1 of 2 entries"},
		arr + "2 2\n1\n%.................\n":                      {ErrTruncated, "after 1 of 4 entries"},
		coo + "2 2 1\n0 1 1\n":                                    {ErrFormat, `line 3: index "0" is none of 1 to 2`},
		coo + "2 2 1\n1 3 1\n":                                    {ErrFormat, `index "3"`},
		coo + "2 2 1\n1 1.5 1\n":                                  {ErrFormat, `index "1.5"`},
		coo + "2 2 1\n1 1 1 1\n":                                  {ErrFormat, "3 fields"},
		coo + "2 2 1\n1 1     \n":                                 {ErrFormat, "3 fields"},
		coo + "2 2 1\n1 1 x\n":                                    {ErrFormat, `"x" is not a number`},
		coo + "2 2 1\n1 1 1e999\n":                                {ErrFormat, "does not fit"},
		coo + "2 2 1\n1 1 1\n2 2 2\n":                             {ErrFormat, `line 4: "2 2 2" stands behind`},
		arr + "1 2\n1 2 3\n":                                      {ErrFormat, `"3" stands behind the last of 2`},
		arr + "1 2\n1\n1_0\n":                                     {ErrFormat, "line 4"},
		coo + "2 2 1\n" + strings.Repeat(" ", bufferBytes) + "\n": {ErrFormat, "line 3: it has more than"},
		coo + "0 2 1\n1 1 1\n":                                    {ErrFormat, "none of 1 to 0"},
	} {
		path := filepath.Join(t.TempDir(), "x.mtx")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := ReadFile(path)
		runtime.ReadMemStats(&after)
		require.Error(t, err, text)
		if want.sentinel == ErrMemory && math.MaxInt == math.MaxInt32 {
			want.sentinel, want.says = ErrFormat, "larger than any memory"
		}
		assert.ErrorIs(t, err, want.sentinel, text)
		assert.ErrorContains(t, err, want.says)
		assertOneLine(t, err)
		assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(4<<20), text)

		_, err = single(readMTX)(&source{r: strings.NewReader(text), size: -1}, "")
		require.Error(t, err, "%s as a stream", text)
	}
}
