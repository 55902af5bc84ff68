package modeldir

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestMain lets the test binary be a process that saves models until it is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("POLYAD_TEST_SAVE"); dir != "" {
		if os.Getenv("POLYAD_TEST_PLACE") != "" {
			mayExchange = func(string) bool { return false }
		}
		first, _ := strconv.Atoi(os.Getenv("POLYAD_TEST_FIRST"))
		for k := first; ; k++ {
			if err := Save(dir, stamped(k)); err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
			fmt.Println(k)
		}
	}
	os.Exit(m.Run())
}

// kinds are the files of some kinds of models.
var kinds = [][]string{
	{"W.npy", "H.npy", "result.json", "trace.csv"},
	{"weights.npy", "factor_0.npy", "factor_1.npy", "factor_2.npy", "names_0.txt", "axis_2.csv"},
	{"weights.npy", "factor_0.npy", "factor_1.npy"},
	{"core.npy", "factor_1.npy", "result.json"},
	{"W.npy", "H.npy", "result.json", "recording.wav", "report.html", "stems/00.wav", "stems/01.wav"},
}

// stamped writes the files of a model, which all say k.
func stamped(k int) func(dir string) error {
	return func(dir string) error {
		for _, name := range kinds[k%len(kinds)] {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
				return err
			}
			if err := os.WriteFile(path, []byte(text(name, k)), 0o666); err != nil {
				return err
			}
		}
		return nil
	}
}

// text is what a file of model k holds.
func text(name string, k int) string {
	switch name {
	case "result.json":
		command := "polyad nmf"
		if k%len(kinds) == 4 {
			command = "polyad audio"
		}
		return fmt.Sprintf(`{"schema":"polyad/result/1","command":%q,"stamp":%d}`, command, k)
	case "trace.csv":
		return fmt.Sprintf("iter,seconds,objective,loss\n%d\n", k)
	}
	return fmt.Sprint(k, " ", strings.Repeat("x", 1000*(k%7)))
}

// stampOf returns which model a folder holds, and fails when it is not the whole of
// one and nothing else but what was there before.
func stampOf(t *testing.T, dir string, others ...string) int {
	t.Helper()
	files := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(p string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(dir, p)
		b, err := os.ReadFile(p)
		files[filepath.ToSlash(rel)] = string(b)
		return err
	}))
	for name := range files {
		if first, _, below := strings.Cut(name, "/"); below && hidden.MatchString(first) {
			delete(files, name)
		}
	}
	for _, name := range others {
		require.Equal(t, "mine", files[name], name)
		delete(files, name)
	}
	for k := range 100000 {
		if names := kinds[k%len(kinds)]; len(names) == len(files) && files[names[0]] == text(names[0], k) {
			for _, name := range names {
				require.Equal(t, text(name, k), files[name], "%s of model %d: %v", name, k, files)
			}
			return k
		}
	}
	require.Fail(t, "not the files of one model", "%v", files)
	return 0
}

func TestKilledRunsLeaveOneModel(t *testing.T) {
	if runtime.GOOS == "js" || runtime.GOOS == "wasip1" {
		t.Skip("no processes here")
	}
	kills := 150
	if testing.Short() {
		kills = 25
	}
	for _, place := range []string{"", "1"} {
		top := t.TempDir()
		dir := filepath.Join(top, "model")
		require.NoError(t, Save(dir, stamped(0)))
		others := []string{"notes.txt", ".polyad-mine"}
		for _, name := range others {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("mine"), 0o666))
		}
		if place != "" { // a folder is not linked
			require.NoError(t, os.MkdirAll(filepath.Join(dir, "deep", "er"), 0o777))
			others = append(others, "deep/er/x")
			require.NoError(t, os.WriteFile(filepath.Join(dir, "deep", "er", "x"), []byte("mine"), 0o666))
		}
		seen, last := map[int]bool{}, 0
		for range kills {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), "POLYAD_TEST_SAVE="+dir, "POLYAD_TEST_PLACE="+place, fmt.Sprint("POLYAD_TEST_FIRST=", last+1))
			out, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			lines := bufio.NewScanner(out)
			require.True(t, lines.Scan(), "it saved nothing") // now it runs
			line := lines.Text()
			time.Sleep(time.Duration(rand.IntN(30000)) * time.Microsecond)
			require.NoError(t, cmd.Process.Kill())
			for ok := true; ok; ok = lines.Scan() {
				if lines.Text() != "" {
					line = lines.Text()
				}
			}
			cmd.Wait()
			last, err = strconv.Atoi(line)
			require.NoError(t, err, line)
			var k int
			if place == "" && runtime.GOOS == "linux" {
				k = stampOf(t, dir, others...) // without any help
			}
			require.NoError(t, Read(dir, func() error { k = stampOf(t, dir, others...); return nil }))
			require.Contains(t, []int{last, last + 1}, k)
			seen[k%len(kinds)] = true
			last = k
		}
		require.Greater(t, len(seen), 3)
		require.NoError(t, Save(dir, stamped(last+1)))
		require.Equal(t, last+1, stampOf(t, dir, others...))
		for _, d := range []string{top, dir} {
			entries, err := os.ReadDir(d)
			require.NoError(t, err)
			for _, e := range entries {
				require.False(t, hidden.MatchString(e.Name()), "%s is left in %s", e.Name(), d)
			}
		}
		t.Logf("%d models, in place %q", last+1, place)
	}
}
