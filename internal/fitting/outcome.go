package fitting

import (
	"strconv"

	"polyad/internal/named"
	"polyad/solver"
)

// Outcome is the form of a result in JSON, with the keys of result.json where that
// has the same.
type Outcome struct {
	Kind        string                  `json:"kind"`
	Options     any                     `json:"options"`
	Status      solver.Status           `json:"status"`
	Iterations  int                     `json:"iterations"`
	Returned    int                     `json:"best_iteration"`
	Objective   named.Number            `json:"objective"`
	Formula     string                  `json:"formula"`
	Loss        named.Number            `json:"loss"`
	Penalty     map[string]named.Number `json:"penalty"`
	RelError    named.Number            `json:"rel_error"`
	Explained   named.Number            `json:"explained"`
	KKT         map[string]named.Number `json:"kkt"`
	Observed    int                     `json:"observed,omitzero"`
	Pruned      any                     `json:"pruned"`
	Ridges      int                     `json:"ridges,omitzero"`
	Beta        []named.Number          `json:"beta,omitzero"`
	Compression any                     `json:"compression,omitzero"`
	Start       *solver.Start           `json:"start,omitzero"`
	Runs        []solver.Restart        `json:"restarts,omitzero"`
	Best        int                     `json:"best"`
	Seconds     named.Number            `json:"seconds"`
	Trace       solver.Trace            `json:"trace"`
}

// Told takes what the report of a run tells.
func (o *Outcome) Told(r solver.Report) {
	o.Status, o.Iterations, o.Returned, o.Seconds, o.Trace = r.Status, r.Iterations, r.Returned.Iter, named.Number(r.Seconds), r.Trace
}

// ByBlock returns numbers by the names of their blocks: the modes by number, and then
// the core, if there is one.
func ByBlock(x []float64, core bool) map[string]named.Number {
	m := map[string]named.Number{}
	for n, v := range x {
		key := strconv.Itoa(n)
		if core && n == len(x)-1 {
			key = "core"
		}
		m[key] = named.Number(v)
	}
	return m
}

// Named returns numbers by their names.
func Named(x map[string]float64) map[string]named.Number {
	m := map[string]named.Number{}
	for key, v := range x {
		m[key] = named.Number(v)
	}
	return m
}

// List returns a list that is not nil.
func List[E any](list []E) []E {
	if list == nil {
		return []E{}
	}
	return list
}
