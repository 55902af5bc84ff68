package models

import (
	"fmt"
	"slices"

	"polyad/cmd/polyad/internal/console"
	"polyad/internal/report"
)

// penaltyOf returns the penalties per block, nil when there are none.
func penaltyOf(res *Result) map[string]float64 {
	if !res.penalized() {
		return nil
	}
	p := map[string]float64{}
	for _, b := range res.blocks {
		p[blockTitle(b)] = res.Penalty[b]
	}
	return p
}

// Facts lists what was run and what came out.
func Facts(res *Result) []report.Fact {
	method := res.By()
	if inner, ok := res.Options["inner"]; ok && inner != 0 { // 0: the method's own rule
		method += fmt.Sprintf(", inner %v", inner)
	}
	if order, ok := res.Options["order"]; ok {
		method += fmt.Sprintf(", order %v", order)
	}
	f := []report.Fact{
		{Name: "data", Value: fmt.Sprintf("%s, %s %s", res.Input.File, console.Shape(res.Input.Shape), res.Input.DType)},
		{Name: "rank", Value: fmt.Sprint(res.Options["rank"])},
		{Name: "method", Value: method},
		{Name: "start", Value: fmt.Sprintf("%v, seed %d", res.Options["init"], res.Seed)},
		{Name: "balance", Value: res.Balance.Mode},
		{Name: "status", Value: fmt.Sprintf("%s, %s", res.ended(), report.Clock(res.Seconds))},
		{Name: "objective", Value: report.Number(res.Objective)},
		{Name: "loss", Value: report.Number(res.Loss)},
	}
	if seen := res.Seen(); seen != "" {
		f = slices.Insert(f, 1, report.Fact{Name: "observed", Value: seen})
	}
	for _, b := range res.blocks {
		if v := res.Penalty[b]; v > 0 {
			f = append(f, report.Fact{Name: "penalty on " + blockTitle(b), Value: report.Number(v)})
		}
	}
	f = append(f, report.Fact{Name: "relative error", Value: report.Number(res.RelError)}, report.Fact{Name: "explained", Value: console.Percent(res.RelError)})
	if res.Size != nil {
		f = append(f, report.Fact{Name: "size", Value: res.Size.String()})
	}
	for _, b := range res.blocks {
		if v, ok := res.KKT[b]; ok {
			f = append(f, report.Fact{Name: "KKT residual of " + blockTitle(b), Value: report.Number(v)})
		}
	}
	return append(f,
		report.Fact{Name: "processor", Value: fmt.Sprintf("%s, %s kernels, %d workers", res.CPU, res.SIMD, res.Workers)},
		report.Fact{Name: "version", Value: "polyad " + res.Version})
}
