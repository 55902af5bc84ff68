package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/cmd/polyad/internal/exit"
	"polyad/ndio"
	"polyad/tensor"
)

// modelFrom makes a folder from bytes: arrays of a model with sizes, types and
// entries that the bytes choose, files that are broken or missing, and a
// result.json. It returns data for it.
func modelFrom(t *testing.T, dir string, b []byte) (data string) {
	next := func(n int) int {
		if len(b) == 0 {
			return 0
		}
		v := int(b[0])
		b = b[1:]
		return v % n
	}
	odd := []float64{math.NaN(), math.Inf(1), -1, 1e308, -1e308, 5e-324, 0, math.Copysign(0, -1), 1e30, 1e-30}
	entry := func() float64 {
		if next(16) == 1 {
			return odd[next(len(odd))]
		}
		return float64(1+next(7)) / 4
	}
	sizes := []int{2, 3, 1, 4, 2, 0, 3, 5}
	rank := func() int {
		if next(12) == 1 {
			return sizes[next(len(sizes))]
		}
		return 2
	}
	put := func(name string, shape ...int) {
		path := filepath.Join(dir, name)
		switch next(24) {
		case 1:
			return
		case 2:
			require.NoError(t, os.WriteFile(path, b, 0o666))
			return
		case 3:
			shape = append(shape, 1+next(2))
		case 4:
			require.NoError(t, os.Mkdir(path, 0o777))
			return
		}
		if next(4) == 1 {
			fill[float32](t, path, shape, entry)
		} else {
			fill[float64](t, path, shape, entry)
		}
	}
	order := 2 + next(3)
	shape := make([]int, order)
	for n := range shape {
		shape[n] = sizes[next(5)]
	}
	kind := next(5)
	if kind == 0 || kind == 3 {
		shape = shape[:2]
		put("W.npy", shape[0], rank())
		put("H.npy", rank(), shape[1])
	}
	if kind == 1 || kind == 3 {
		put("weights.npy", rank())
	}
	if kind == 2 || kind == 4 {
		var core []int
		for range shape {
			core = append(core, rank())
		}
		put("core.npy", core...)
	}
	if kind > 0 {
		for n, size := range shape {
			put(fmt.Sprintf("factor_%d.npy", n), size, rank())
		}
	}
	switch next(4) {
	case 1:
		word := []string{"kl", "is", "1.5", "x", "frobenius"}[next(5)]
		text := fmt.Sprintf(`{"schema":"polyad/result/%d","kind":"nmf","options":{"loss":%q,"l1":{"0":%d,"h":1},"nonneg":[0,%d,-3],"fix":["0","77","w"],"eps":%g}}`, 1+next(8)/7, word, next(3), next(9), float64(next(3))/100)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "result.json"), []byte(text), 0o666))
	case 2:
		require.NoError(t, os.WriteFile(filepath.Join(dir, "result.json"), b, 0o666))
	}
	data = filepath.Join(dir, "data.npy")
	fill[float64](t, data, shape, func() float64 { return float64(next(9)) / 2 })
	damage(t, dir, order, next)
	return data
}

// damage adds names and values of axes that may be too few, too many or no text, and
// cuts or alters a file of the model.
func damage(t *testing.T, dir string, order int, next func(int) int) {
	words := []string{"a", "", "\"b,c\"", "\x00\x1b[2J", "\xff\xfe", "\u202ename", "界", "1e999", "nan", "x [nm]", "\r", "-3"}
	for n := range order {
		for _, file := range []string{ndio.NamesFile(n), ndio.AxisFile(n)} {
			if next(4) != 1 {
				continue
			}
			var b strings.Builder
			for range next(8) {
				b.WriteString(words[next(len(words))] + "\n")
			}
			require.NoError(t, os.WriteFile(filepath.Join(dir, file), []byte(b.String()), 0o666))
		}
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	if len(entries) == 0 || next(3) != 1 {
		return
	}
	path := filepath.Join(dir, entries[next(len(entries))].Name())
	b, err := os.ReadFile(path)
	if err != nil || len(b) == 0 || filepath.Base(path) == "data.npy" {
		return
	}
	at := next(256) % len(b)
	if next(2) == 1 {
		b = b[:at]
	} else {
		b[at] ^= byte(1 + next(255))
	}
	require.NoError(t, os.WriteFile(path, b, 0o666))
}

// fill writes an array.
func fill[T asm.Float](t *testing.T, path string, shape []int, entry func() float64) {
	x := tensor.New[T](shape...)
	for i := range x.Data {
		x.Data[i] = T(entry())
	}
	require.NoError(t, ndio.WriteFile(path, x))
}

// useModel runs every verb that takes a model on a folder; none may panic, or say
// that all is well of what is not finite.
func useModel(t *testing.T, b []byte) {
	dir := filepath.Join(t.TempDir(), "m")
	require.NoError(t, os.Mkdir(dir, 0o777))
	data := modelFrom(t, dir, b)
	out := filepath.Join(t.TempDir(), "out")
	for _, args := range [][]string{
		{"info", dir}, {"info", dir, "--json"}, {"top", dir}, {"top", dir, "--json"}, {"eval", dir}, {"eval", dir, "--json"}, {"eval", dir, data, "--json"}, {"eval", dir, data, "--loss", "kl", "--l1", "all=0", "--l2", "all=0"},
		{"eval", dir, "--against", dir, "--json"}, {"reconstruct", dir, out + ".npy", "--force"},
		{"transform", dir, data, "-o", out, "--force", "--max-iter", "3", "--json"}, {"transform", dir, data, "-o", out, "--force", "--max-iter", "3", "--loss", "kl"},
		{"nmf", data, "-r", "2", "--init", dir, "--max-iter", "2"}, {"cpd", data, "-r", "2", "--init", dir, "--max-iter", "2"}, {"tucker", data, "-r", "2", "--init", dir, "--max-iter", "2"},
		{"cpd", data, "-r", "2", "--nonneg", "--init", dir, "--max-iter", "2", "-o", dir, "--force"},
	} {
		code, stdout, stderr := call(args...)
		require.Contains(t, []int{exit.Done, exit.Failed, exit.Usage}, code, args)
		if code != exit.Done {
			require.Equal(t, 1, strings.Count(stderr, "\n"), "%v: %s", args, stderr)
			require.NotContains(t, stderr, "runtime error")
		}
		require.NotContains(t, stdout, "NaN", args)
	}
}

func TestNoVerbPanicsOnAModelFolder(t *testing.T) {
	folders := 150
	if testing.Short() {
		folders = 15
	}
	r := rand.New(rand.NewPCG(1, 18))
	for range folders {
		b := make([]byte, 1200)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		useModel(t, b)
	}
}

func FuzzModelFolders(f *testing.F) {
	for kind := range 5 {
		f.Add([]byte{1, 0, 1, 2, byte(kind)})
		f.Add([]byte{1, 0, 1, 2, byte(kind), 0, 1, 5, 0, 1, 5})
	}
	f.Fuzz(useModel)
}

func TestModelsOfRankZeroAreRefused(t *testing.T) {
	dir := t.TempDir()
	one := func() float64 { return 1 }
	for name, files := range map[string]map[string][]int{
		"cpd":          {"weights.npy": {0}, "factor_0.npy": {3, 0}, "factor_1.npy": {2, 0}},
		"nmf":          {"W.npy": {3, 0}, "H.npy": {0, 2}},
		"tucker":       {"core.npy": {0, 0}, "factor_0.npy": {3, 0}, "factor_1.npy": {2, 0}},
		"no rows":      {"W.npy": {0, 2}, "H.npy": {2, 2}},
		"empty mode":   {"weights.npy": {2}, "factor_0.npy": {0, 2}, "factor_1.npy": {2, 2}},
		"ranks differ": {"weights.npy": {2}, "factor_0.npy": {3, 2}, "factor_1.npy": {2, 3}},
		"a gap":        {"weights.npy": {2}, "factor_0.npy": {3, 2}, "factor_1.npy": {2, 2}, "factor_3.npy": {2, 2}},
		"two kinds":    {"weights.npy": {2}, "factor_0.npy": {3, 2}, "factor_1.npy": {2, 2}, "core.npy": {2, 2}},
	} {
		model := filepath.Join(dir, name)
		require.NoError(t, os.Mkdir(model, 0o777))
		for file, shape := range files {
			fill[float64](t, filepath.Join(model, file), shape, one)
		}
		for _, args := range [][]string{{"info", model}, {"eval", model}, {"reconstruct", model, filepath.Join(dir, "R.npy")}} {
			refused(t, exit.Failed, []string{model}, args...)
		}
	}
}
