package named

import (
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSecondsAreExact(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0", 1: "0.000000001", time.Second: "1", 10 * time.Second: "10", 1500 * time.Millisecond: "1.5", -500 * time.Millisecond: "-0.5",
		100 * time.Second: "100", math.MaxInt64: "9223372036.854775807", math.MinInt64 + 1: "-9223372036.854775807",
	} {
		b, err := json.Marshal(Seconds(d))
		require.NoError(t, err)
		assert.Equal(t, want, string(b))
		var s Seconds
		require.NoError(t, json.Unmarshal(b, &s))
		assert.EqualValues(t, d, s)
	}
	var s Seconds
	require.NoError(t, json.Unmarshal([]byte("2.5e-1"), &s))
	assert.EqualValues(t, 250*time.Millisecond, s)
	for _, bad := range []string{"1e11", `"1s"`, "-1e300", "{}"} {
		require.Error(t, json.Unmarshal([]byte(bad), &s), bad)
	}
}

func TestNumbersComeBackWithTheirBits(t *testing.T) {
	for _, v := range []float64{0, math.Copysign(0, -1), 1. / 3, math.MaxFloat64, 5e-324, math.Inf(1), math.Inf(-1), math.NaN()} {
		b, err := json.Marshal(Numbers([]float64{v}))
		require.NoError(t, err)
		var n []Number
		require.NoError(t, json.Unmarshal(b, &n))
		require.Equal(t, math.Float64bits(v), math.Float64bits(Floats(n)[0]), "%s", b)
	}
	var n Number
	require.Error(t, json.Unmarshal([]byte(`"many"`), &n))
}

func TestNamedThingsRefuseOtherNamesAndKeys(t *testing.T) {
	sentinel := errors.New("bad")
	v := struct {
		A int `json:"a"`
	}{5}
	require.NoError(t, Unmarshal([]byte(`"x"`), "x", &v, sentinel))
	assert.Zero(t, v.A, "what is not there becomes zero")
	require.NoError(t, Unmarshal([]byte(`{"a":3,"name":"x"}`), "x", &v, sentinel))
	assert.Equal(t, 3, v.A)
	for _, text := range []string{`"y"`, `{"name":"y"}`, `{"a":3}`, `{"name":"x","b":1}`, `{"name":"x","a":"1"}`, `3`, `null`, `[]`, ``, `{"name":3}`} {
		require.ErrorIs(t, Unmarshal([]byte(text), "x", &v, sentinel), sentinel, text)
	}
}
