package fitting

import "polyad/solver"

// MapSnapshots returns observers whose events give snapshots that are turned by f, for
// a fit whose model is not in the form that its caller knows. Nil stays nil.
func MapSnapshots[M any](observers []solver.Observer, f func(M) M) []solver.Observer {
	var mapped []solver.Observer
	for _, observe := range observers {
		mapped = append(mapped, func(e solver.Event) bool {
			if take := e.Snapshot; take != nil {
				e.Snapshot = func() any {
					if m, ok := take().(M); ok {
						return f(m)
					}
					return nil
				}
			}
			return observe(e)
		})
	}
	return mapped
}
