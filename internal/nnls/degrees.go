package nnls

import "polyad/reg"

// Quadratic reports whether all terms of the penalties have degree 1 or 2, as every
// method but the multiplicative one needs.
func Quadratic(penalties ...reg.Penalty) bool {
	for _, p := range penalties {
		if CheckHALS(p) != nil {
			return false
		}
	}
	return true
}
