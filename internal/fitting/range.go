package fitting

import (
	"fmt"
	"math"
	"strings"

	"polyad/asm"
	"polyad/loss"
	"polyad/reg"
)

// Penalties balance the blocks of a model, so weights that are far apart drive the
// blocks apart: by (weight of H)/(weight of W) for degree 1 on both factors of nmf.
// The squares of their entries must stay representable, and the floor of
// multiplicative steps must stay far below them. The numbers here are in the units
// in which the data are near 1.

// limits returns the range in which the largest entry of each block must begin:
// squares and sums of some squares of it are normal numbers. For float32 there is
// no lower end: inner products are taken in float64, and what underflows is the
// zero that such weights leave of the model.
func limits[T asm.Float]() (least, most float64) {
	if asm.SizeOf[T]() == 4 {
		return 0, 1e16
	}
	return 1e-150, 1e150
}

// Ranged is a free block of a start, and the penalty that the user gave it. Floored
// says that the floor of the fit is one of its entries.
type Ranged[T asm.Float] struct {
	Name    string
	Block   reg.Block[T]
	Penalty reg.Penalty
	Floored bool
}

// Range is the range that a start which was scaled and balanced must lie in.
type Range[T asm.Float] struct {
	Package string
	Blocks  []Ranged[T] // the free ones
	// Given says that the start was given, so that its zeros are not what scaling
	// has made.
	Given bool
	// Eps is the floor when it is the default one, else 0, and Size the [LossSize]
	// of the data.
	Eps, Size float64
}

// Finite reports whether all entries of the blocks are.
func (r *Range[T]) Finite() bool {
	for _, b := range r.Blocks {
		if v := Largest(b.Block.X.Data); v-v != 0 {
			return false
		}
	}
	return true
}

// Largest returns the largest magnitude, infinite when some entry is no number.
func Largest[T asm.Float](x []T) float64 {
	ker, top := asm.For[T](), T(0)
	for j := 0; j < len(x); j += chunk {
		lo, hi, finite := ker.Scan(x[j:min(j+chunk, len(x))])
		if !finite {
			return math.Inf(1)
		}
		top = max(top, hi, -lo)
	}
	return float64(top)
}

// Check refuses penalties that have driven the start out of the range that the
// type can hold, so that a fit would end with nonsense.
func (r *Range[T]) Check() error {
	if len(r.Blocks) < 2 {
		return nil // there is nothing that a block could be driven away from
	}
	least, most := limits[T]()
	if r.Given {
		least = 0
	}
	small, large, penalized := math.Inf(1), 0.0, true
	for _, b := range r.Blocks {
		top := Largest(b.Block.X.Data)
		small, large = min(small, top), max(large, top)
		penalized = penalized && len(b.Penalty.Active()) > 0
	}
	switch {
	case !penalized:
		return nil
	case !(small >= least) || !(large <= most):
		return fmt.Errorf("%s: %w: the weights %s drive the model out of the range of its type; %s", r.Package, reg.ErrPenalty, r.list(), r.mend())
	case r.Eps == 0 || asm.SizeOf[T]() == 4 && large <= 1e3*r.Eps:
		return nil // in float32 nothing may be left of a model of tiny data, which is right
	}
	var floored []Floored
	for _, b := range r.Blocks {
		if b.Floored {
			floored = append(floored, Floored{b.Block.Penalty, len(b.Block.X.Data)})
		}
	}
	atFloor := cost(r.Eps, floored)
	if atFloor <= dear*r.Size {
		return nil
	}
	return fmt.Errorf("%s: %w: with the weights %s entries at the floor of mu alone cost %.2g times what a model of zeros does; %s",
		r.Package, reg.ErrPenalty, r.list(), atFloor/r.Size, r.mend())
}

// list says which weights there are.
func (r *Range[T]) list() string {
	var list []string
	for _, b := range r.Blocks {
		list = append(list, weights(b.Penalty.Active())+" on "+b.Name)
	}
	last := len(list) - 1
	return strings.Join(list[:last], ", ") + " and " + list[last]
}

// mend says which weights are as good, or better.
func (r *Range[T]) mend() string {
	same, differ, mean := true, false, 0.0
	first := r.Blocks[0].Penalty.Active()
	for _, b := range r.Blocks {
		p := b.Penalty.Active()
		if p[0].Degree < .1 {
			return fmt.Sprintf("a penalty of degree %g hardly depends on the scale of the blocks, so that scales far apart are best; take a larger degree", p[0].Degree)
		}
		same = same && len(p) == 1 && p[0].Degree == first[0].Degree && p[0].Rows == nil
		differ = differ || p[0].Weight != first[0].Weight
		mean += math.Log(p[0].Weight) / float64(len(r.Blocks))
	}
	if mean = math.Exp(mean); same && differ && mean < 1e30 {
		number, all := "two", "both"
		if len(r.Blocks) > 2 {
			number, all = fmt.Sprint(len(r.Blocks)), "all"
		}
		return fmt.Sprintf("only the product of the %s weights matters: give %s the same, %.6g", number, all, mean)
	}
	return "take weights nearer to the size of the data, and to each other"
}

// weights lists the weights of a penalty.
func weights(p reg.Penalty) string {
	var list []string
	for _, t := range p {
		list = append(list, fmt.Sprintf("%g", t.Weight))
	}
	return strings.Join(list, ", ")
}

// Floored is a block that the floor of a fit holds above zero: its penalty as it is
// worked with, and the number of its entries.
type Floored struct {
	Penalty reg.Penalty
	Entries int
}

// LowerEps returns the default floor eps of a fit, in the units of the user, lowered as
// lowerFloor says for blocks as they are worked with: scale times as large.
func LowerEps[T asm.Float](eps, scale, size float64, l loss.Loss, blocks ...Floored) float64 {
	if !(eps > 0 && size > 0) {
		return eps
	}
	if low := lowerFloor[T](eps*scale, size, l, blocks...); low < eps*scale {
		return low / scale
	}
	return eps
}

// lowerFloor returns a floor of at most eps at which the penalties of the blocks of a
// model are some 1e-10 of the given size of the loss, as far as the type allows that,
// and none, 0, where they would still be more than 1e-3 of it: but for losses that are
// infinite at a model of zeros, where that is an error of [Range.Check]. A product of
// one entry at the floor of each block is a divisor in losses other than Frobenius, and
// must be a number where it is one at eps.
func lowerFloor[T asm.Float](eps, size float64, l loss.Loss, blocks ...Floored) float64 {
	least := 1e-300
	if asm.SizeOf[T]() == 4 {
		least = 1e-36
	}
	if together := math.Pow(least, 1/float64(len(blocks))); l != loss.Frobenius && eps > together {
		least = together
	}
	low := eps
	for _, b := range blocks {
		for _, t := range b.Penalty.Active() {
			if v := math.Pow(1e-10*size/(t.Weight*float64(b.Entries)), 1/t.Degree); v > 0 {
				low = min(low, v)
			} else {
				low = 0
			}
		}
	}
	low = min(eps, max(low, least))
	if !l.NeedsPositive() && !(cost(low, blocks) <= dear*size) {
		return 0
	}
	return low
}

// dear is the part of the loss of nothing that entries at a floor may cost.
const dear = 1e-3

// cost returns what entries at a floor cost alone.
func cost(floor float64, blocks []Floored) (sum float64) {
	for _, b := range blocks {
		for _, t := range b.Penalty.Active() {
			sum += t.Weight * math.Pow(floor, t.Degree) * float64(b.Entries)
		}
	}
	return sum
}
