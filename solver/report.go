package solver

import "polyad/internal/named"

// Status says how a run ended.
type Status int

// The ways in which a run ends.
const (
	// Unknown is the status of a run that has not ended.
	Unknown Status = iota
	// Converged: the stop rule held.
	Converged
	// MaxIter: the number of sweeps reached its limit; raise max-iter or tol.
	MaxIter
	// MaxTime: the time limit was over.
	MaxTime
	// Stopped: an observer ended the run.
	Stopped
	// Cancelled: the context was cancelled.
	Cancelled
)

var statuses = named.Enum[Status]{Type: "Status", Option: "status", Err: ErrOption,
	Words: []string{"unknown", "converged", "max_iter", "max_time", "stopped", "cancelled"}}

// String returns the status in the spelling of result files.
func (s Status) String() string {
	if !statuses.Has(s) {
		return Unknown.String()
	}
	return statuses.String(s)
}

// MarshalText returns the word that String returns, and an error for a value that
// does not exist.
func (s Status) MarshalText() ([]byte, error) { return statuses.Text(s) }

// UnmarshalText reads a word; the error wraps [ErrOption] and lists them all.
func (s *Status) UnmarshalText(text []byte) error { return statuses.Set(s, text) }

// Point is one evaluation of the objective. Seconds count from Options.Start;
// RelError is ‖X - model‖_F / ‖X‖_F for every loss.
type Point struct {
	Iter                             int
	Seconds, Loss, Penalty, RelError float64
}

// Objective returns loss plus penalty.
func (p Point) Objective() float64 { return p.Loss + p.Penalty }

// Trace holds the evaluated points in order. Point 0 is the starting point
// after scaling and balancing, the last one that after the last sweep, whose model is
// returned unless the report says otherwise (Report.Returned).
type Trace []Point

// Last returns the last point; the trace must not be empty.
func (t Trace) Last() Point { return t[len(t)-1] }

// Event is what observers are told.
type Event struct {
	Point
	// Snapshot returns a copy of the model of this very point, of the pointer type
	// that the package's Load returns. It costs a copy of the factors. Any goroutine
	// may call it until the observers of the point have returned, as the run goes on
	// then and the model is another one; what is called later returns nil.
	Snapshot func() any
	// Run is the index of the run where there are several.
	Run int
}

// Observer watches a run; returning true ends it with status [Stopped]. It is
// called on the goroutine of the run.
type Observer func(Event) (stop bool)

// Report says how a run went.
type Report struct {
	Status     Status  `json:"status"`
	Iterations int     `json:"iterations"`
	Seconds    float64 `json:"seconds"`
	Trace      Trace   `json:"trace"`
	// Returned is the point of the trace whose model is returned: the last one, but
	// the lowest one where the objective has risen ([Riser]). It is computed directly.
	Returned Point `json:"returned"`
}
