package solver

// Restart is what one of several runs from different starts came to.
type Restart struct {
	Seed       uint64
	Status     Status
	Iterations int
	Seconds    float64 // of this run alone
	Objective  float64
	RelError   float64
	// Agreement is the factor match score (metrics.FMS, without weights) of the
	// model with the best one: 1 when both have the same components.
	Agreement float64
	// Err is why the run failed, nil when it did not. A failed run takes no part.
	Err error
}
