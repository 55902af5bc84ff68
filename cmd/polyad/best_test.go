package main

import (
	"math/bits"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/matrix"
)

// zeroSeed draws the numbers of NumPy's default_rng(0).random(): the generator
// PCG64 (XSL-RR) in the state that this seed gives.
type zeroSeed struct{ hi, lo uint64 }

func newZeroSeed() *zeroSeed { return &zeroSeed{0x1aa1b5345996452d, 0x09585eb7a69561e3} }

func (z *zeroSeed) next() float64 {
	const mulHi, mulLo, incHi, incLo = 0x2360ed051fc65da4, 0x4385df649fccf645, 0x418ddadb3af71a82, 0x588133bc447873a9
	hi, lo := bits.Mul64(z.lo, mulLo)
	hi += z.hi*mulLo + z.lo*mulHi
	lo, carry := bits.Add64(lo, incLo, 0)
	hi, _ = bits.Add64(hi, incHi, carry)
	z.hi, z.lo = hi, lo
	return float64(bits.RotateLeft64(hi^lo, -int(hi>>58))>>11) * 0x1p-53
}

// cubes draws a matrix of cubes.
func (z *zeroSeed) cubes(rows, cols int) *matrix.Dense[float64] {
	x := matrix.New[float64](rows, cols)
	for i := range x.Data {
		v := z.next()
		x.Data[i] = v * v * v
	}
	return x
}

func TestResultTellsWhichIterationTheModelIsOf(t *testing.T) {
	g := newZeroSeed()
	a, b := g.cubes(15, 4), g.cubes(4, 12)
	require.InEpsilon(t, 0.6369616873214543*0.6369616873214543*0.6369616873214543, a.Data[0], 1e-15)
	x := matrix.New[float64](15, 12)
	matrix.Gemm(nil, false, false, 1, a, b, 0, x)
	dir := t.TempDir()
	file, out := save(t, filepath.Join(dir, "X.npy"), x), filepath.Join(dir, "out")
	code, stdout, stderr := call("nmf", file, "-r", "4", "--method", "als", "--max-iter", "14", "--restarts", "1", "-o", out)
	require.Zero(t, code, stderr)
	r := resultOf(t, out)
	best := int(r["best_iteration"].(float64))
	assert.Equal(t, 9, best, "it rises from there to .1173 at sweep 14, and for ten sweeps more")
	assert.InEpsilon(t, .10273935884148244, r["objective"], 1e-6)
	assert.EqualValues(t, 14, r["iterations"])
	assert.Contains(t, stdout, "the best model after "+strconv.Itoa(best))

	// It is the lowest point of the trace, and the files are its model.
	trace, err := os.ReadFile(filepath.Join(out, "trace.csv"))
	require.NoError(t, err)
	lowest, at := 1e9, -1
	for _, line := range strings.Split(strings.TrimSpace(string(trace)), "\n")[1:] {
		words := strings.Split(line, ",")
		f, err := strconv.ParseFloat(words[2], 64)
		require.NoError(t, err)
		if f < lowest {
			lowest = f
			at, err = strconv.Atoi(words[0])
			require.NoError(t, err)
		}
	}
	assert.Equal(t, at, best)
	assert.InEpsilon(t, lowest, r["objective"], 1e-12)
	assert.InEpsilon(t, lowest, told(t, "eval", out, file, "--json")["objective"], 1e-9)

	// A rise is no convergence: it goes on and finds a far better model.
	told(t, "nmf", file, "-r", "4", "--method", "als", "--restarts", "1", "-o", out, "--force", "--json")
	assert.Less(t, resultOf(t, out)["objective"], 1e-3)

	// Methods that descend return the last one.
	told(t, "nmf", file, "-r", "4", "--max-iter", "20", "-o", out, "--force", "--json")
	r = resultOf(t, out)
	assert.Equal(t, r["iterations"], r["best_iteration"])
}
