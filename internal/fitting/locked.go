package fitting

import (
	"fmt"
	"slices"

	"polyad/reg"
)

// Turns says how blocks whose product is the model, or a part of it, take their turns
// in a sweep, as far as it matters to blocks of zeros.
type Turns struct {
	Order []int            // the blocks that are updated, in their order
	Keeps func(b int) bool // a block stays where the product of the others is zero, and does not become 0
	Times bool             // updates multiply: a block of zeros stays so
	Even  bool             // blocks are balanced at the start, by which one of zeros takes all others along
}

// Locked reports whether a fit from blocks of which some are all zero has a model of
// zeros for ever: an update can bring back a block of zeros only while all others are
// not zero, and may take a block away where another one is.
func (t Turns) Locked(zero []bool) bool {
	if t.Even {
		return slices.Contains(zero, true)
	}
	now := append([]bool(nil), zero...)
	for range 2 {
		for _, b := range t.Order {
			product := false // of the others is zero
			for k, z := range now {
				product = product || z && k != b
			}
			switch {
			case product:
				now[b] = now[b] || !t.Keeps(b)
			case !t.Times:
				now[b] = false
			}
		}
	}
	for _, z := range now {
		if z {
			return true
		}
	}
	return false
}

// Zero reports whether all entries are 0.
func Zero[T ~float32 | ~float64](x []T) bool {
	for _, v := range x {
		if v != 0 {
			return false
		}
	}
	return true
}

// Ridged reports whether a penalty has a term of degree 2, by which HALS divides where
// the other blocks are zero.
func Ridged(p reg.Penalty) bool {
	for _, t := range p.Active() {
		if t.Degree == 2 {
			return true
		}
	}
	return false
}

// Mend says, where a fit by a method from blocks of which some are all zero has a model
// of zeros for ever ([Turns.Locked]), what it is made with and what to do instead, each
// as a part of a message; locked is false where it has not. turns are those of a method
// that is balanced at the start, if even; hals is one that the loss allows, or not.
func Mend[M fmt.Stringer](zero []bool, turns func(m M, even bool) Turns, method M, balanced bool, hals M, allowed bool) (with, mend string, locked bool) {
	if !turns(method, balanced).Locked(zero) {
		return "", "", false
	}
	with, mend = method.String(), "give entries that are not zero"
	if balanced {
		with += " with balancing"
		if !turns(method, false).Locked(zero) {
			mend += ", or do not balance"
		}
	}
	if allowed && !turns(hals, balanced).Locked(zero) {
		mend += ", or use hals"
	}
	return with, mend, true
}
