package ndio

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/internal/wholefile"
)

func TestWrittenFilesAppearWholeOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.csv")
	require.NoError(t, os.WriteFile(path, []byte("1,2\n"), 0o640))

	err := WriteFile(path, ramp[float64](2, 2, 2))
	require.ErrorIs(t, err, ErrShape)
	assert.True(t, strings.HasPrefix(err.Error(), path+": "), err)
	assertOneLine(t, err)
	err = wholefile.Write(path, func(w io.Writer) error {
		_, _ = w.Write([]byte("half"))
		return errFull
	})
	require.ErrorIs(t, err, errFull)
	assert.Panics(t, func() { _ = wholefile.Write(path, func(io.Writer) error { panic("x") }) })
	assert.Equal(t, []string{"x.csv"}, names(t, dir), "nothing is left behind")
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "1,2\n", string(b), "the old file is still there")

	require.NoError(t, WriteFile(path, ramp[float64](1, 2)))
	assert.Equal(t, []string{"x.csv"}, names(t, dir))
	b, err = os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "0,0.125\n", string(b))
	if runtime.GOOS != "windows" {
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, fs.FileMode(0o640), info.Mode().Perm(), "permissions are kept")
	}
}

func TestPlacesThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "folder.npy")
	require.NoError(t, os.Mkdir(folder, 0o777))
	for _, path := range []string{folder, filepath.Join(dir, "none", "x.npy")} {
		err := WriteFile(path, ramp[float64](2))
		require.Error(t, err)
		assert.True(t, strings.HasPrefix(err.Error(), path+": "), err)
		assert.Equal(t, 1, strings.Count(err.Error(), path), err)
	}
	late := filepath.Join(dir, "late.npy") // becomes a folder while it is written
	err := pathError(late, wholefile.Write(late, func(io.Writer) error { return os.Mkdir(late, 0o777) }))
	require.Error(t, err)
	assert.Equal(t, 1, strings.Count(err.Error(), dir), err)
	assert.Equal(t, []string{"folder.npy", "late.npy"}, names(t, dir))
}

func TestNewFilesGetTheUsualPermissions(t *testing.T) {
	dir := t.TempDir()
	plain, path := filepath.Join(dir, "plain"), filepath.Join(dir, "x.npy")
	require.NoError(t, os.WriteFile(plain, nil, 0o666))
	require.NoError(t, WriteFile(path, ramp[float32](2)))
	want, err := os.Stat(plain)
	require.NoError(t, err)
	got, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, want.Mode(), got.Mode())
}

func TestLinksStayLinks(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "target.npy"), filepath.Join(dir, "link.npy")
	require.NoError(t, WriteFile(target, ramp[float32](1)))
	if err := os.Symlink(target, link); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	require.NoError(t, WriteFile(link, ramp[float32](2, 2)))
	info, err := os.Lstat(link)
	require.NoError(t, err)
	assert.NotZero(t, info.Mode()&fs.ModeSymlink)
	x, err := Load[float32](target)
	require.NoError(t, err)
	assert.Equal(t, []int{2, 2}, x.Shape)
}

func names(t *testing.T, dir string) []string {
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var s []string
	for _, e := range entries {
		s = append(s, e.Name())
	}
	return s
}
