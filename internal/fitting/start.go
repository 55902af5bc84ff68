package fitting

import "math"

// Begin scales and balances a starting point. scale multiplies the free blocks by
// the common factor that fits them best and returns its logarithm, balance
// balances them; nil: that is not done. With mixed degrees the two depend on each
// other and alternate until the scale stands still. A start that was generated is
// balanced before that, too, so that only the product of the penalties counts from
// the beginning. When entries leave the range of their type, so that finite, if it is
// not nil, reports false, the rest is left out.
func Begin(generated, mixed bool, scale func() (logEta float64), balance func(), finite func() bool) {
	if generated && balance != nil {
		balance()
	}
	rounds := 1
	if scale != nil && balance != nil && mixed {
		rounds = 50
	}
	for range rounds {
		if finite != nil && !finite() {
			return
		}
		eta := 0.0
		if scale != nil {
			eta = scale()
		}
		if balance != nil {
			balance()
		}
		if math.Abs(eta) < 1e-12 {
			break
		}
	}
}
