package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/cmd/polyad/internal/console"
	"polyad/ndio"
	"polyad/tensor"
)

func TestNamesOfFilesSteerNoTerminal(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("other systems have no such names")
	}
	top := t.TempDir()
	for _, evil := range []string{"\x1b[31mred", "a\nforged line", "\u009b2J", "\u202egnp.", "\x07bell\r", "\x9b2Jraw", "tab\tbed"} {
		dir := filepath.Join(top, evil)
		require.NoError(t, os.Mkdir(dir, 0o777))
		x, model := save(t, filepath.Join(dir, "X.npy"), sample[float64]()), filepath.Join(dir, "model")
		bundle := filepath.Join(dir, "b.npz")
		if err := ndio.WriteNPZFile(bundle, []ndio.Named{{Name: "n" + evil, Array: ndio.Array{F64: tensor.New[float64](2, 2)}}, {Name: "m", Array: ndio.Array{F64: tensor.New[float64](2, 2)}}}, false); !strings.Contains(evil, "\n") {
			require.NoError(t, err)
		}
		for _, args := range [][]string{
			{"nmf", x, "-r", "2", "-o", model, "--max-iter", "3", "-v"}, {"nmf", x, "-r", "2", "-o", model, "--force", "--max-iter", "3", "--json", "--report", filepath.Join(dir, "r.html")},
			{"nmf", x, "-r", "2", "-o", model}, {"info", x}, {"info", model}, {"info", model, "--json"}, {"info", dir}, {"info", filepath.Join(dir, "no.npy")}, {"info", filepath.Join(dir, "no.wav")},
			{"eval", model, x}, {"eval", model, x, "--json"}, {"eval", model, "--against", model}, {"eval", dir}, {"transform", model, x, "-o", filepath.Join(dir, "t")},
			{"reconstruct", model, filepath.Join(dir, "R.npy")}, {"synth", "nmf", filepath.Join(dir, "S.npy"), "--shape", "4,3", "-r", "1", "--truth", filepath.Join(dir, "truth")},
			{"info", bundle}, {"info", bundle + ":" + evil}, {"nmf", x, "-r", "2", "--loss", evil}, {"nmf", x, "--" + evil}, {evil}, {"help", evil}, {"audio", dir + ".wav"}, {"audio", x},
			{"nmf", x, "-r", "2", "--l1", evil + "=1"}, {"nmf", x, "-r", evil}, {"nmf", x, "-r", "1", "--init", evil}, {"nmf", x, "-r", "1", "--report", evil + ".x"}, {"nmf", x, "-r", "1", "--mask", filepath.Join(dir, "k.npy")},
		} {
			_, stdout, stderr := call(args...)
			for _, r := range stdout + stderr {
				require.False(t, console.Steers(r), "%q: %q %q", args, stdout, stderr)
			}
			require.NotContains(t, stdout+stderr, "\x9b")
			if strings.Contains(evil, "\n") {
				require.NotContains(t, stdout+stderr, "\nforged", args)
			}
			if args[len(args)-1] == "--json" {
				require.True(t, json.Valid([]byte(stdout)), stdout)
			}
		}
	}
}

func TestCleanTextStaysAsItIs(t *testing.T) {
	for _, s := range []string{"", "äöü 日本 ∘ \t\n", "a\ufffdb", `\x1b`} {
		require.Equal(t, s, console.Clean(s))
	}
	require.Equal(t, `a\u001b[0m\u009b\x9b\u202e\u007f`, console.Clean("a\x1b[0m\u009b\x9b\u202e\x7f"))
}
