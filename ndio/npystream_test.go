package ndio

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/tensor"
)

func TestArrayWrittenInPiecesIsTheSameFile(t *testing.T) {
	t.Run("float32", inPieces[float32])
	t.Run("float64", inPieces[float64])
}

func inPieces[T asm.Float](t *testing.T) {
	for _, shape := range [][]int{{}, {7}, {5, 4}, {0, 3}, {2, 3, 4}} {
		x := tensor.New[T](shape...)
		for i := range x.Data {
			x.Data[i] = T(i) / 3
		}
		var whole, pieces bytes.Buffer
		require.NoError(t, WriteNPY(&whole, x))
		w, err := NewNPYWriter[T](&pieces, shape...)
		require.NoError(t, err)
		for rest := x.Data[:x.Len()]; len(rest) > 0; {
			require.ErrorIs(t, w.Close(), ErrShape)
			n := min(3, len(rest))
			require.NoError(t, w.Write(rest[:n]))
			rest = rest[n:]
		}
		require.NoError(t, w.Close())
		require.Equal(t, whole.Bytes(), pieces.Bytes())
		require.ErrorIs(t, w.Write(make([]T, 1)), ErrShape)
	}
	_, err := NewNPYWriter[T](&bytes.Buffer{}, 3, -1)
	require.ErrorIs(t, err, ErrShape)
	_, err = NewNPYWriter[T](&bytes.Buffer{}, make([]int, 100)...)
	require.ErrorIs(t, err, ErrShape)
}
