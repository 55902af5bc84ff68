package reg

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Term is one homogeneous term Weight · Σ_i Rows[i] · Σ_q |x_iq|^Degree. Rows
// has an entry per row of the factor I x r, or is nil for ones.
type Term struct {
	Degree float64   `json:"degree"`
	Weight float64   `json:"weight"`
	Rows   []float64 `json:"rows,omitzero"`
}

// Penalty is a sum of terms. The nil penalty is none.
type Penalty []Term

// ErrPenalty is wrapped by errors about penalties that make no sense.
var ErrPenalty = errors.New("invalid penalty")

// L1 returns weight · ||X||_1.
func L1(weight float64) Penalty { return Lp(1, weight) }

// L2 returns weight · ||X||_F^2, without a ½.
func L2(weight float64) Penalty { return Lp(2, weight) }

// Lp returns weight · Σ |x|^p.
func Lp(p, weight float64) Penalty { return Penalty{{Degree: p, Weight: weight}} }

// Plus returns the sum of two penalties.
func (p Penalty) Plus(q Penalty) Penalty { return slices.Concat(p, q) }

// Clone returns a copy that shares nothing with p, nil for nil.
func (p Penalty) Clone() Penalty {
	q := slices.Clone(p)
	for i := range q {
		q[i].Rows = slices.Clone(q[i].Rows)
	}
	return q
}

// Active returns the terms whose weight is not 0, those of one degree and
// without row weights added up, in order of their degree.
func (p Penalty) Active() Penalty {
	var a Penalty
	for _, t := range p {
		if t.Weight == 0 {
			continue
		}
		i := slices.IndexFunc(a, func(u Term) bool { return u.Degree == t.Degree && u.Rows == nil && t.Rows == nil })
		if i >= 0 {
			a[i].Weight += t.Weight
		} else {
			a = append(a, t)
		}
	}
	slices.SortStableFunc(a, func(t, u Term) int {
		switch {
		case t.Degree < u.Degree:
			return -1
		case t.Degree > u.Degree:
			return 1
		}
		return 0
	})
	return a
}

// Definite reports whether the penalty of every nonzero column is positive:
// every row has a positive weight in some term. Only such a penalty keeps the
// scale of a block from growing.
func (p Penalty) Definite() bool {
	var rows []bool // that have a weight
	for _, t := range p {
		switch {
		case !(t.Weight > 0):
			continue
		case t.Rows == nil:
			return true
		case rows == nil:
			rows = make([]bool, len(t.Rows))
		}
		for i, w := range t.Rows[:min(len(t.Rows), len(rows))] {
			rows[i] = rows[i] || w > 0
		}
	}
	return len(rows) > 0 && !slices.Contains(rows, false)
}

// Validate returns an error wrapping [ErrPenalty] when a degree is not
// positive, a weight negative, or anything not finite, or when row weights are
// not as many as rows.
func (p Penalty) Validate(rows int) error {
	for _, t := range p {
		if !(t.Degree > 0) || math.IsInf(t.Degree, 0) {
			return fmt.Errorf("%w: degree %v, must be positive and finite", ErrPenalty, t.Degree)
		}
		if !(t.Weight >= 0) || math.IsInf(t.Weight, 0) {
			return fmt.Errorf("%w: weight %v, must be at least 0 and finite", ErrPenalty, t.Weight)
		}
		if t.Rows != nil && len(t.Rows) != rows {
			return fmt.Errorf("%w: %d row weights for %d rows", ErrPenalty, len(t.Rows), rows)
		}
		for i, w := range t.Rows {
			if !(w >= 0) || math.IsInf(w, 0) {
				return fmt.Errorf("%w: row weight %d is %v, must be at least 0 and finite", ErrPenalty, i, w)
			}
		}
	}
	return nil
}

// Rescaled returns the penalty whose weights are those of p times
// factor·scale^-Degree: its value at scale·X is factor times that of p at X.
func (p Penalty) Rescaled(factor, scale float64) Penalty {
	q := slices.Clone(p)
	for i := range q {
		q[i].Weight *= factor * math.Pow(scale, -q[i].Degree)
	}
	return q
}

// Formula returns the penalty as it stands in an objective, with the given name
// of the block; it is empty when no term is active.
func (p Penalty) Formula(block string) string {
	var s []string
	for _, t := range p.Active() {
		name := block
		if t.Rows != nil {
			name = "diag(rows)^(1/p)·" + block
		}
		switch t.Degree {
		case 1:
			s = append(s, fmt.Sprintf("%g·||%s||_1", t.Weight, name))
		case 2:
			s = append(s, fmt.Sprintf("%g·||%s||_F^2", t.Weight, name))
		default:
			s = append(s, fmt.Sprintf("%g·sum|%s|^%g", t.Weight, name, t.Degree))
		}
	}
	return strings.Join(s, " + ")
}
