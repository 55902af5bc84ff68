package nmf_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/matrix"
	"polyad/ndio"
	"polyad/nmf"
)

// Names go from a model to its folder and back, and into the models that a transform
// and a copy make of it; those of the old samples do not.
func TestAxesGoWithTheModel(t *testing.T) {
	m := &nmf.Model[float32]{W: matrix.Of(2, 1, []float32{1, 2}), H: matrix.Of(1, 3, []float32{1, 2, 3}),
		Axes: []ndio.Axis{{Values: []float64{400, 500}, Title: "wavelength", Unit: "nm"}, {Names: []string{"a", "b", "b"}}}}
	dir := filepath.Join(t.TempDir(), "model")
	require.NoError(t, m.Save(dir))
	back, err := nmf.Load[float32](dir)
	require.NoError(t, err)
	assert.Equal(t, m, back)
	assert.Equal(t, m.Axes, m.Clone().Axes)
	r, err := m.Transform(context.Background(), matrix.Of(2, 2, []float32{1, 0, 2, 0}), nil)
	require.NoError(t, err)
	assert.Equal(t, []ndio.Axis{m.Axes[0], {}}, r.Axes)
	m.Axes = nil
	require.NoError(t, m.Save(dir))
	assert.NoFileExists(t, filepath.Join(dir, "names_1.txt"))
	back, err = nmf.Load[float32](dir)
	require.NoError(t, err)
	assert.Nil(t, back.Axes)
}
