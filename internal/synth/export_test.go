package synth

// Draws returns n draws of Poisson noise with the given mean, or of the gamma
// distribution with the given shape.
func Draws(noise Noise, parameter float64, n int) []float64 {
	r := generator(1, noiseStream)
	x := make([]float64, n)
	for i := range x {
		if noise == Poisson {
			x[i] = poisson(r, parameter)
		} else {
			x[i] = gamma(r, parameter)
		}
	}
	return x
}
