package memory

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSomeMemoryIsFree(t *testing.T) {
	assert.Greater(t, Free(), int64(1<<20))
}
