package memory

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLimitsOfControlGroupsCount(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
	}
	list := filepath.Join(dir, "list")
	put("list", "0::/user/app\n")
	require.Equal(t, int64(math.MaxInt64), groupLimit(list, dir))
	put("user/app/memory.max", "max\n")
	put("user/memory.max", "1000\n")
	put("user/memory.current", "700\n")
	put("user/memory.stat", "anon 200\ninactive_file 300\nactive_file 200\n")
	require.Equal(t, int64(800), groupLimit(list, dir))
	put("list", "5:cpu:/x\n4:memory,hugetlb:/old\n")
	put("memory/old/memory.limit_in_bytes", "500\n")
	require.Equal(t, int64(500), groupLimit(list, dir))
}
