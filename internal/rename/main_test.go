package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Imports and modules get the new path, all else stays.
func TestModuleIsRenamed(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":                  "module polyad\n\ngo 1.24.0\n",
		"asm/gen/go.mod":          "module polyad/asm/gen\n",
		"a/a.go":                  "package a\n\nimport (\n\tm \"polyad/matrix\"\n\t\"polyadic/x\"\n)\n\nvar s = \"polyad/result/1\" + m.S + x.S\n",
		"testdata/b.go":           "package b\n\nimport \"polyad/matrix\"\n",
		"internal/archtest/at.go": "package archtest\n\nconst module = \"polyad\"\n",
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
	}
	require.NoError(t, rename(dir, "example.org/polyad"))
	for name, want := range map[string]string{
		"go.mod":                  "module example.org/polyad\n\ngo 1.24.0\n",
		"asm/gen/go.mod":          "module example.org/polyad/asm/gen\n",
		"a/a.go":                  "package a\n\nimport (\n\tm \"example.org/polyad/matrix\"\n\t\"polyadic/x\"\n)\n\nvar s = \"polyad/result/1\" + m.S + x.S\n",
		"testdata/b.go":           "package b\n\nimport \"polyad/matrix\"\n",
		"internal/archtest/at.go": "package archtest\n\nconst module = \"example.org/polyad\"\n",
	} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.Equal(t, want, string(b), name)
	}
	require.NoError(t, rename(dir, "polyad"))
	b, err := os.ReadFile(filepath.Join(dir, "a/a.go"))
	require.NoError(t, err)
	assert.Contains(t, string(b), `m "polyad/matrix"`)
	for _, bad := range []string{"", "a b", "/x", "../x", "x//y", "\"x"} {
		assert.Error(t, rename(dir, bad), bad)
	}
}
