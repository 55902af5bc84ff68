package reg_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"polyad/reg"
)

func TestConstructors(t *testing.T) {
	assert.Equal(t, reg.Penalty{{Degree: 1, Weight: .5}}, reg.L1(.5))
	assert.Equal(t, reg.Penalty{{Degree: 2, Weight: .5}}, reg.L2(.5), "no half on the ridge")
	assert.Equal(t, reg.Penalty{{Degree: 3, Weight: .5}}, reg.Lp(3, .5))
}

func TestPlusKeepsItsOperands(t *testing.T) {
	p := append(make(reg.Penalty, 0, 4), reg.L1(1)...)
	q := p.Plus(reg.L2(2))
	r := p.Plus(reg.L2(3))
	assert.Equal(t, reg.Penalty{{Degree: 1, Weight: 1}, {Degree: 2, Weight: 2}}, q, "sums must not share memory")
	assert.Equal(t, reg.Penalty{{Degree: 1, Weight: 1}, {Degree: 2, Weight: 3}}, r)
	assert.Empty(t, reg.Penalty(nil).Plus(nil))
}

func TestActiveMergesTermsOfOneDegree(t *testing.T) {
	rows := []float64{1, 2}
	p := reg.Penalty{
		{Degree: 2, Weight: 1}, {Degree: 1, Weight: .5}, {Degree: 3, Weight: 0}, {Degree: 2, Weight: .25, Rows: rows},
		{Degree: 2, Weight: 4}, {Degree: 1, Weight: 0, Rows: rows}, {Degree: .5, Weight: 8}, {Degree: 1, Weight: .5},
	}
	before := append(reg.Penalty(nil), p...)
	assert.Equal(t, reg.Penalty{
		{Degree: .5, Weight: 8}, {Degree: 1, Weight: 1}, {Degree: 2, Weight: 5}, {Degree: 2, Weight: .25, Rows: rows},
	}, p.Active())
	assert.Equal(t, before, p, "the penalty itself must stay")
	assert.Empty(t, reg.L1(0).Active())
	assert.Empty(t, reg.Penalty(nil).Active())
}

func TestDefinite(t *testing.T) {
	for _, c := range []struct {
		p    reg.Penalty
		want bool
	}{
		{nil, false},
		{reg.L1(0), false},
		{reg.L1(0).Plus(reg.L2(1e-300)), true},
		{reg.Penalty{{Degree: 1, Weight: 1, Rows: []float64{1, 0}}}, false},
		{reg.Penalty{{Degree: 1, Weight: 1, Rows: []float64{1, .1}}}, true},
		{reg.Penalty{{Degree: 1, Weight: 1, Rows: []float64{1, 0}}, {Degree: 2, Weight: 1}}, true},
		{reg.Penalty{{Degree: 1, Weight: 1, Rows: []float64{1, 0}}, {Degree: 2, Weight: 0}}, false},
	} {
		assert.Equal(t, c.want, c.p.Definite(), "%v", c.p)
	}
}

func TestValidateNamesWhatIsWrong(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		p    reg.Penalty
		text string
	}{
		{reg.Lp(0, 1), "degree 0,"}, {reg.Lp(-1, 1), "degree -1,"}, {reg.Lp(nan, 1), "degree NaN"}, {reg.Lp(inf, 1), "degree +Inf"},
		{reg.L1(-.5), "weight -0.5"}, {reg.L1(nan), "weight NaN"}, {reg.L1(inf), "weight +Inf"},
		{reg.L1(1).Plus(reg.L2(-1)), "weight -1"},
		{reg.Penalty{{Degree: 1, Weight: 1, Rows: []float64{1, 1}}}, "2 row weights for 3 rows"},
		{reg.Penalty{{Degree: 1, Weight: 1, Rows: []float64{}}}, "0 row weights for 3 rows"},
		{reg.Penalty{{Degree: 1, Weight: 1, Rows: []float64{1, -1, 1}}}, "row weight 1 is -1"},
		{reg.Penalty{{Degree: 1, Weight: 1, Rows: []float64{1, 1, nan}}}, "row weight 2 is NaN"},
		{reg.Penalty{{Degree: 1, Weight: 1, Rows: []float64{inf, 1, 1}}}, "row weight 0 is +Inf"},
	} {
		err := c.p.Validate(3)
		assert.ErrorIs(t, err, reg.ErrPenalty, "%v", c.p)
		assert.ErrorContains(t, err, c.text)
	}
	for _, p := range []reg.Penalty{nil, reg.L1(0), reg.Lp(.5, 1e300), {{Degree: 1, Weight: 1, Rows: []float64{0, 1, 2}}}} {
		assert.NoError(t, p.Validate(3))
	}
}

func TestFormula(t *testing.T) {
	p := reg.L2(.25).Plus(reg.L1(.1)).Plus(reg.L2(.25)).Plus(reg.Lp(.5, 3)).Plus(reg.L1(0))
	assert.Equal(t, "3·sum|W|^0.5 + 0.1·||W||_1 + 0.5·||W||_F^2", p.Formula("W"))
	assert.Equal(t, "2·||diag(rows)^(1/p)·W||_1", reg.Penalty{{Degree: 1, Weight: 2, Rows: []float64{1, 2}}}.Formula("W"))
	assert.Empty(t, reg.L1(0).Formula("W"))
	assert.Empty(t, reg.Penalty(nil).Formula("W"))
}

func ExamplePenalty() {
	p := reg.L1(0.1).Plus(reg.L2(0.01)) // elastic net
	fmt.Println(p.Formula("W"))
	fmt.Println(p.Validate(10), p.Definite())
	fmt.Println(reg.L1(-1).Validate(10))
	// Output:
	// 0.1·||W||_1 + 0.01·||W||_F^2
	// <nil> true
	// invalid penalty: weight -1, must be at least 0 and finite
}
