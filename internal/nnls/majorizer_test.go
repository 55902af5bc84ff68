package nnls_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"polyad/asm"
	"polyad/internal/nnls"
	"polyad/loss"
	"polyad/reg"
)

// majorizer is the surrogate at x of Σ_j d_β(v_j, w·u_j) + Σ mu·w^p: the convex
// part of the divergence is kept, the concave part and concave penalties are
// replaced by their tangents (Févotte, Idier 2011, table 1).
type majorizer struct {
	beta, x float64
	v, u    []float64
	p       reg.Penalty
}

// convex and slope are, as functions of y, the convex part of d_β(v, y) and the
// derivative of the concave one.
func (m *majorizer) convex(v, y float64) float64 {
	switch b := m.beta; {
	case b < 1:
		return v * math.Pow(y, b-1) / (1 - b)
	case b <= 2:
		return loss.Beta(b).Between(v, y)
	default:
		return math.Pow(y, b) / b
	}
}

func (m *majorizer) slope(v, y float64) float64 {
	switch b := m.beta; {
	case b < 1:
		return math.Pow(y, b-1)
	case b <= 2:
		return 0
	default:
		return -v * math.Pow(y, b-2)
	}
}

func (m *majorizer) value(w float64) (s float64) {
	for j, v := range m.v {
		s += m.convex(v, w*m.u[j]) + m.slope(v, m.x*m.u[j])*m.u[j]*(w-m.x)
	}
	for _, t := range m.p {
		if t.Degree < 1 {
			s += t.Weight * t.Degree * math.Pow(m.x, t.Degree-1) * (w - m.x)
		} else {
			s += t.Weight * math.Pow(w, t.Degree)
		}
	}
	return s
}

// derivative is that of value.
func (m *majorizer) derivative(w float64) (s float64) {
	for j, v := range m.v {
		y := w * m.u[j]
		var d float64
		switch b := m.beta; {
		case b < 1:
			d = -v * math.Pow(y, b-2)
		case b <= 2:
			d = (y - v) * math.Pow(y, b-2)
		default:
			d = math.Pow(y, b-1)
		}
		s += m.u[j] * (d + m.slope(v, m.x*m.u[j]))
	}
	for _, t := range m.p {
		at := w
		if t.Degree < 1 {
			at = m.x
		}
		s += t.Weight * t.Degree * math.Pow(at, t.Degree-1)
	}
	return s
}

// minimize finds the minimizer by bisection in log w; 0 stands for anything
// that small.
func (m *majorizer) minimize() float64 {
	lo, hi := -60.0, 30.0
	if m.derivative(math.Exp(lo)) >= 0 {
		return 0
	}
	for range 100 {
		if mid := (lo + hi) / 2; m.derivative(math.Exp(mid)) < 0 {
			lo = mid
		} else {
			hi = mid
		}
	}
	return math.Exp(lo)
}

func TestStepMinimizesTheMajorizer(t *testing.T) {
	both(t, testMinimizes[float32], testMinimizes[float64])
}

func testMinimizes[T asm.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, beta := range betas {
		for name, p := range penalties(r, 1) {
			if name == "rows" || name == "rows+l2" {
				continue
			}
			for _, strength := range []float64{.01, 1, 30} {
				p := p.Rescaled(strength, 1)
				s, err := nnls.NewMM(loss.Beta(beta), p, T(0))
				require.NoError(t, err)
				for range 4 {
					m := &majorizer{beta: beta, x: float64(T(math.Exp(r.NormFloat64()))), p: p}
					var d, c float64
					for range 1 + r.IntN(4) {
						v, u := r.ExpFloat64(), r.ExpFloat64()
						m.v, m.u = append(m.v, v), append(m.u, u)
						z := m.x * u
						d += v * math.Pow(z, beta-2) * u
						c += math.Pow(z, beta-1) * u
					}
					x := []T{T(m.x)}
					s.Row(x, []T{T(d)}, []T{T(c)}, 0)
					got := float64(x[0])
					want := m.minimize()
					if want == 0 {
						require.Zero(t, x[0], "beta %v, %s", beta, name)
						continue
					}
					require.Positive(t, got, "beta %v, %s, want %v", beta, name, want)
					require.InEpsilon(t, want, got, precision[T](1e-11, 1e-4), "beta %v, %s", beta, name)
					for _, f := range []float64{.9, .999, 1.001, 1.1} { // the bisection found a minimum of the value
						require.Greater(t, m.value(want*f), m.value(want)-1e-13*math.Abs(m.value(want)))
					}
				}
			}
		}
	}
}
