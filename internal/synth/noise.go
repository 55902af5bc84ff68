package synth

import (
	"math"
	"math/rand/v2"

	"polyad/internal/named"
)

// Noise is a kind of noise; the package documentation defines them.
type Noise int

// The kinds of noise.
const (
	None Noise = iota
	Gaussian
	Poisson
	Gamma
)

var noises = named.Enum[Noise]{Type: "Noise", Option: "noise", Err: ErrOption, Words: []string{"none", "gaussian", "poisson", "gamma"}}

// String returns none, gaussian, poisson or gamma.
func (n Noise) String() string { return noises.String(n) }

// MarshalText returns the word that String returns, and an error for a value that
// does not exist.
func (n Noise) MarshalText() ([]byte, error) { return noises.Text(n) }

// UnmarshalText reads a word; the error wraps [ErrOption] and lists them all.
func (n *Noise) UnmarshalText(text []byte) error { return noises.Set(n, text) }

// ParseNoise returns the noise of a name that [Noise.String] returns.
func ParseNoise(name string) (n Noise, err error) {
	err = n.UnmarshalText([]byte(name))
	return n, err
}

// disturb turns the model's values x into data with noise and returns
// ‖data - model‖/‖data‖ (0 for data of zeros).
func (o *Options) disturb(x []float64) float64 {
	if o.Noise == None {
		return 0
	}
	r := generator(o.Seed, noiseStream)
	var next func(m float64) float64
	switch o.Noise {
	case Gaussian:
		// The length of the noise is found by drawing it once, so that the
		// second time its ratio to the data is exact.
		var signal, noise float64
		for _, v := range x {
			g := r.NormFloat64()
			signal += v * v
			noise += g * g
		}
		sigma := math.Sqrt(signal/noise) * math.Pow(10, -o.SNR/20)
		r = generator(o.Seed, noiseStream)
		next = func(m float64) float64 {
			v := m + sigma*r.NormFloat64()
			if o.Nonneg {
				v = max(v, 0)
			}
			return v
		}
	case Poisson:
		next = func(m float64) float64 { return poisson(r, m) }
	case Gamma:
		k := math.Pow(10, o.SNR/10)
		next = func(m float64) float64 { return m * gamma(r, k) / k }
	}
	var wrong, all float64
	for i, m := range x {
		v := next(m)
		x[i] = v
		wrong += (v - m) * (v - m)
		all += v * v
	}
	if all == 0 {
		return 0
	}
	return math.Sqrt(wrong / all)
}

// poissonScale returns the c for which Poisson draws with mean c·x have the
// signal-to-noise ratio snr in expectation: ‖cx‖²/Σcx = 10^(snr/10).
func poissonScale(x []float64, snr float64) float64 {
	var sum, squares float64
	for _, v := range x {
		sum += v
		squares += v * v
	}
	return math.Pow(10, snr/10) * sum / squares
}

// poisson draws a count of the given mean: by multiplying uniform numbers below
// 10, by Hörmann's transformed rejection (PTRS) above, and from 1e10, where the
// logarithms in that lose more digits than the count's skewness of 1e-5 matters,
// as a rounded normal number.
func poisson(r *rand.Rand, mean float64) float64 {
	switch {
	case !(mean > 0):
		return 0
	case mean >= 1e10:
		return math.Round(mean + math.Sqrt(mean)*r.NormFloat64())
	case mean < 10:
		limit, k := math.Exp(-mean), 0.0
		for p := r.Float64(); p > limit; p *= r.Float64() {
			k++
		}
		return k
	}
	logMean := math.Log(mean)
	b := 0.931 + 2.53*math.Sqrt(mean)
	a := -0.059 + 0.02483*b
	invAlpha := 1.1239 + 1.1328/(b-3.4)
	vr := 0.9277 - 3.6224/(b-2)
	for {
		u, v := r.Float64()-0.5, 1-r.Float64()
		us := 0.5 - math.Abs(u)
		if us == 0 {
			continue
		}
		k := math.Floor((2*a/us+b)*u + mean + 0.43)
		if us >= 0.07 && v <= vr {
			return k
		}
		if k < 0 || us < 0.013 && v > us {
			continue
		}
		logFactorial, _ := math.Lgamma(k + 1)
		if math.Log(v*invAlpha/(a/(us*us)+b)) <= k*logMean-mean-logFactorial {
			return k
		}
	}
}

// gamma draws a number of the gamma distribution of shape k and scale 1 by the
// method of Marsaglia and Tsang. A shape below 1 is raised by 1 and brought
// back with a power of a uniform number.
func gamma(r *rand.Rand, k float64) float64 {
	if k < 1 {
		return gamma(r, k+1) * math.Pow(1-r.Float64(), 1/k)
	}
	d := k - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := r.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(1-r.Float64()) < 0.5*x*x+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}
