package licences

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryModuleOfTheCommandHasItsNotice(t *testing.T) {
	require.Contains(t, Text, "\npolyad\n")
	require.Contains(t, Text, "\nthe recording that is built in\n")
	require.Contains(t, Text, "Go Authors")
	f, err := os.Open(filepath.Join("..", "..", "go.mod"))
	require.NoError(t, err)
	defer f.Close()
	direct := 0
	for s := bufio.NewScanner(f); s.Scan(); {
		words := strings.Fields(s.Text())
		if len(words) != 2 || !strings.HasPrefix(words[1], "v") || words[0] == "github.com/stretchr/testify" { // testify is for tests only
			continue
		}
		direct++
		require.Contains(t, Text, "\n"+words[0]+" "+words[1]+"\n", "go generate ./internal/licences")
	}
	require.Greater(t, direct, 5)
}
