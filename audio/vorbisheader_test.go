package audio

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// packed returns numbers packed into bits, the lowest bit first; they come in
// pairs of width and value.
func packed(pairs ...int) []byte {
	var b []byte
	at := 0
	for i := 0; i < len(pairs); i += 2 {
		for k := range pairs[i] {
			if at%8 == 0 {
				b = append(b, 0)
			}
			b[at/8] |= byte(pairs[i+1]>>k&1) << (at % 8)
			at++
		}
	}
	return b
}

func TestCodeLengthsMustMakeACompleteCode(t *testing.T) {
	const flag, length = 1, 5 // widths
	for _, c := range []struct {
		name    string
		entries int
		data    []byte
		want    bool
	}{
		{"1 2 3 3", 4, packed(flag, 0, flag, 0, length, 0, length, 1, length, 2, length, 2), true},
		{"1 2 3 4", 4, packed(flag, 0, flag, 0, length, 0, length, 1, length, 2, length, 3), false},
		{"1 1 1", 3, packed(flag, 0, flag, 0, length, 0, length, 0, length, 0), false},
		{"sparse 1 - 1", 3, packed(flag, 0, flag, 1, flag, 1, length, 0, flag, 0, flag, 1, length, 0), true},
		{"sparse, none", 3, packed(flag, 0, flag, 1, 3, 0), false},
		{"one", 1, packed(flag, 0, flag, 0, length, 7), true},
		{"ordered 2 2 2 2", 4, packed(flag, 1, length, 1, 3, 4), true},
		{"ordered 1 2 3 3", 4, packed(flag, 1, length, 0, 3, 1, 2, 1, 2, 2), true},
		{"ordered 2 2 3 3", 4, packed(flag, 1, length, 1, 3, 2, 2, 2), false},
		{"ordered, one too many", 4, packed(flag, 1, length, 1, 3, 5), false},
		{"ordered, for ever", 4, packed(flag, 1, length, 1), false},
	} {
		r := &lsbReader{data: c.data}
		assert.Equal(t, c.want, r.completeCode(c.entries), c.name)
	}
}

func TestBitsAreReadLowestFirst(t *testing.T) {
	r := &lsbReader{data: packed(3, 5, 7, 100, 24, 0x564342, 32, 0x12345678)}
	for _, c := range []struct{ width, want int }{{3, 5}, {7, 100}, {24, 0x564342}, {32, 0x12345678}, {6, 0}, {8, 0}} {
		assert.EqualValues(t, c.want, r.read(c.width))
	}
	assert.Equal(t, 80, r.at, "counting goes on beyond the end")
}
