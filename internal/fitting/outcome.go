package fitting

import (
	"strconv"

	"polyad/internal/named"
	"polyad/solver"
)

// Written is the form of a result in JSON, with the keys of result.json where that
// has the same.
type Written struct {
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

// Told takes what a fit came to, with rel the relative error. blocks are the names of the blocks; kkt says of which
// the residual is told, nil: of all.
func (w *Written) Told(o *solver.Outcome, rel float64, blocks []string, kkt func(n int) bool) {
	w.Status, w.Iterations, w.Returned, w.Seconds, w.Trace = o.Status, o.Iterations, o.Returned.Iter, named.Number(o.Seconds), o.Trace
	w.Objective, w.Loss, w.RelError, w.Explained = named.Number(o.Objective()), named.Number(o.Loss), named.Number(rel), named.Number(1-rel*rel)
	w.Observed, w.Start, w.Runs, w.Best = o.Observed, o.Start, o.Runs, o.Best
	w.Penalty, w.KKT = map[string]named.Number{}, map[string]named.Number{}
	for n, v := range o.Penalty {
		w.Penalty[blocks[n]] = named.Number(v)
	}
	for n, v := range o.KKT {
		if kkt == nil || kkt(n) {
			w.KKT[blocks[n]] = named.Number(v)
		}
	}
}

// ModeNames are the names of factors, which are those of their modes.
func ModeNames(order int) (names []string) {
	for n := range order {
		names = append(names, strconv.Itoa(n))
	}
	return names
}

// List returns a list that is not nil.
func List[E any](list []E) []E {
	if list == nil {
		return []E{}
	}
	return list
}
