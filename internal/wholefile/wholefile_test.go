package wholefile_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/internal/wholefile"
)

func TestFilesAppearWholeOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x")
	full := errors.New("full")
	for _, fails := range []bool{true, false, true} {
		before, _ := os.ReadFile(path)
		err := wholefile.Write(path, func(w io.Writer) error {
			if _, err := io.WriteString(w, "new"); err != nil {
				return err
			}
			if fails {
				return full
			}
			return nil
		})
		after, _ := os.ReadFile(path)
		if fails {
			require.ErrorIs(t, err, full)
			require.Equal(t, before, after)
		} else {
			require.NoError(t, err)
			require.Equal(t, "new", string(after))
		}
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1, "no temporary file is left")
	require.Error(t, wholefile.Write(dir, func(io.Writer) error { return nil }))
}
