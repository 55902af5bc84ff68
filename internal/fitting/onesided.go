package fitting

import (
	"errors"
	"fmt"
	"strings"

	"polyad/reg"
)

// ErrOneSided is wrapped when one free block is penalized and another is not.
var ErrOneSided = errors.New("one-sided penalty")

// Block is a block of a model as its penalties are judged. Fixed means that its
// scale is not free.
type Block struct {
	Name    string
	Fixed   bool
	Penalty reg.Penalty
}

// CheckPenalties reports penalties that mean nothing: one on a fixed block has no
// effect, and beside a free block without penalty, into which the scale of the
// model can flee, those on the other free blocks have none either. The errors wrap
// option for the former and [ErrOneSided] for the latter. penalized says whether
// a free block has a penalty, free how many free blocks there are.
func CheckPenalties(option error, blocks ...Block) (penalized bool, free int, err error) {
	var with, without []string
	for _, b := range blocks {
		active := len(b.Penalty.Active()) > 0
		switch {
		case b.Fixed && active:
			return false, 0, fmt.Errorf("%w: %s is fixed, so a penalty on it has no effect; leave it out", option, b.Name)
		case b.Fixed:
			continue
		case active:
			with = append(with, b.Name)
		}
		if !b.Penalty.Definite() {
			without = append(without, b.Name)
		}
		free++
	}
	if free > 1 && len(with) > 0 && len(without) > 0 {
		bare := without[0]
		others := make([]string, 0, len(with))
		for _, name := range with {
			if name != bare {
				others = append(others, name)
			}
		}
		who, are := strings.Join(others, ", "), "is"
		if len(others) > 1 {
			are = "are"
		}
		if who == "" {
			who = bare + " in part"
		}
		return true, free, fmt.Errorf("%w: %s %s penalized and %s is not (or not in every row), so the scale of the model would flee into %s; penalize %s too, or no block",
			ErrOneSided, who, are, bare, bare, bare)
	}
	return len(with) > 0, free, nil
}

// Mixed reports whether some of the penalties have terms of different degrees.
func Mixed(penalties ...reg.Penalty) bool {
	var all reg.Penalty
	for _, p := range penalties {
		all = all.Plus(p)
	}
	a := all.Active()
	return len(a) > 0 && a[0].Degree != a[len(a)-1].Degree
}
