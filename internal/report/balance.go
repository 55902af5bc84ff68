package report

import (
	"html/template"
	"maps"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
)

// balanceView is the section about penalties and balance.
type balanceView struct {
	Blocks     []blockPenalty
	Bars       template.HTML // empty without β
	Components []componentBalance
	HasShares  bool
}

// blockPenalty is the penalty on a block and its part of all penalties.
type blockPenalty struct {
	Name, Value, Share string
	Width              float64 // of the bar, in percent
}

// componentBalance is β of a component and the component's part of the model.
type componentBalance struct {
	Number      int
	Beta, Share string
	Width       float64
	Pruned      bool
}

// newBalance returns nil when there are neither penalties nor β. The shares are
// those of the components in the model, nil when there is no model.
func newBalance(p NMFPage, shares []float64) (*balanceView, error) {
	if len(p.Penalty) == 0 && len(p.Beta) == 0 {
		return nil, nil
	}
	v := &balanceView{HasShares: shares != nil}
	var values []float64
	for _, name := range slices.Sorted(maps.Keys(p.Penalty)) {
		v.Blocks = append(v.Blocks, blockPenalty{Name: name, Value: Number(p.Penalty[name])})
		values = append(values, p.Penalty[name])
	}
	for i, part := range normalize(values) {
		v.Blocks[i].Share, v.Blocks[i].Width = Percent(part), 100*part
	}
	if len(p.Beta) == 0 {
		return v, nil
	}
	for q, beta := range p.Beta {
		c := componentBalance{Number: q, Beta: Number(beta), Pruned: slices.Contains(p.Pruned, q)}
		if v.HasShares {
			c.Share, c.Width = Percent(shares[q]), 100*shares[q]
		}
		v.Components = append(v.Components, c)
	}
	var err error
	v.Bars, err = betaBars(p.Beta, p.Pruned)
	return v, err
}

// betaBars draws β of each component; pruned ones get a dot instead of a bar.
func betaBars(beta []float64, pruned []int) (template.HTML, error) {
	f := &figure{width: wide, height: 190, grid: true, alt: "β of each component"}
	f.x = span{lo: 0.3, hi: float64(len(beta)) + 0.7, label: "component"}
	each := 1 + 22*len(beta)/int(f.dataWidth())
	f.y = linear(0, 1.05*largest(beta), 4)
	for q, v := range beta {
		x := float64(q + 1)
		if q%each == 0 {
			f.x.ticks = append(f.x.ticks, plot.Tick{Value: x, Label: strconv.Itoa(q)})
		}
		if slices.Contains(pruned, q) {
			f.dots(plotter.XYs{{X: x, Y: f.y.lo}}, ink2)
		} else {
			f.bar(x, 0.6, within(v, f.y), ink1)
		}
	}
	return f.svg()
}
