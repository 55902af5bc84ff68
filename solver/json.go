package solver

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"polyad/internal/named"
)

// String returns the value, and unset when there is none.
func (o Opt[T]) String() string {
	if !o.set {
		return "unset"
	}
	return fmt.Sprint(o.value)
}

// MarshalJSON returns the value, and null when the option is unset. NaN and the
// infinities are the texts "NaN", "Inf" and "-Inf".
func (o Opt[T]) MarshalJSON() ([]byte, error) {
	if !o.set {
		return []byte("null"), nil
	}
	if v, ok := any(o.value).(float64); ok {
		return json.Marshal(named.Number(v))
	}
	return json.Marshal(o.value)
}

// UnmarshalJSON reads what MarshalJSON returns.
func (o *Opt[T]) UnmarshalJSON(b []byte) error {
	var v T
	var into any = &v
	switch f := into.(type) {
	case *float64:
		into = (*named.Number)(f)
	}
	switch {
	case named.IsNull(b):
		*o = Opt[T]{}
		return nil
	default:
		if err := json.Unmarshal(b, into); err != nil {
			return err
		}
	}
	*o = Set(v)
	return nil
}

// options is the form of Options in JSON.
type options struct {
	*plainOptions
	MaxTime named.Seconds `json:"max_time,omitzero"`
}

type plainOptions Options

// MarshalJSON returns an object without what is unset, and without observers.
func (o Options) MarshalJSON() ([]byte, error) {
	return json.Marshal(options{(*plainOptions)(&o), named.Seconds(o.MaxTime)})
}

// UnmarshalJSON reads what MarshalJSON returns; what is not there stays as it is. The
// error wraps [ErrOption], also for a key that no option has.
func (o *Options) UnmarshalJSON(b []byte) error {
	read := *o
	form := options{(*plainOptions)(&read), named.Seconds(o.MaxTime)}
	if err := named.Strict(b, &form, ErrOption); err != nil {
		return err
	}
	read.MaxTime = time.Duration(form.MaxTime)
	*o = read
	return nil
}

// LogValue returns what JSON has.
func (o Options) LogValue() slog.Value { return named.LogValue(o) }

// point is the form of a point in JSON.
type point struct {
	Iter      int          `json:"iter"`
	Seconds   named.Number `json:"seconds"`
	Objective named.Number `json:"objective"`
	Loss      named.Number `json:"loss"`
	Penalty   named.Number `json:"penalty"`
	RelError  named.Number `json:"rel_error"`
}

func (p Point) form() point {
	return point{p.Iter, named.Number(p.Seconds), named.Number(p.Objective()), named.Number(p.Loss), named.Number(p.Penalty), named.Number(p.RelError)}
}

// MarshalJSON returns an object with the columns of trace.csv. NaN and the
// infinities, of a run that failed, are the texts "NaN", "Inf" and "-Inf".
func (p Point) MarshalJSON() ([]byte, error) { return json.Marshal(p.form()) }

// UnmarshalJSON reads what MarshalJSON returns.
func (p *Point) UnmarshalJSON(b []byte) error {
	form := p.form()
	if err := json.Unmarshal(b, &form); err != nil {
		return err
	}
	*p = Point{form.Iter, float64(form.Seconds), float64(form.Loss), float64(form.Penalty), float64(form.RelError)}
	return nil
}

// LogValue returns what JSON has.
func (p Point) LogValue() slog.Value { return named.LogValue(p) }

type event struct {
	point
	Run int `json:"run"`
}

// MarshalJSON returns the point and the index of the run, without a model.
func (e Event) MarshalJSON() ([]byte, error) { return json.Marshal(event{e.Point.form(), e.Run}) }

// UnmarshalJSON reads what MarshalJSON returns, an event without Snapshot.
func (e *Event) UnmarshalJSON(b []byte) error {
	run := struct {
		Run *int `json:"run"`
	}{&e.Run}
	return errors.Join(e.Point.UnmarshalJSON(b), json.Unmarshal(b, &run))
}

// LogValue returns what JSON has.
func (e Event) LogValue() slog.Value { return named.LogValue(e) }

// LogValue returns what JSON has, without the trace.
func (r Report) LogValue() slog.Value { return named.LogValue(r, "trace") }

// restart is the form of a Restart in JSON.
type restart struct {
	Seed       uint64       `json:"seed"`
	Status     Status       `json:"status"`
	Iterations int          `json:"iterations"`
	Seconds    float64      `json:"seconds"`
	Objective  named.Number `json:"objective"`
	RelError   named.Number `json:"rel_error"`
	Agreement  named.Number `json:"agreement"`
	Error      string       `json:"error,omitempty"`
}

// MarshalJSON returns an object with the keys of result.json, an error as its text.
func (r Restart) MarshalJSON() ([]byte, error) {
	form := restart{r.Seed, r.Status, r.Iterations, r.Seconds, named.Number(r.Objective), named.Number(r.RelError), named.Number(r.Agreement), ""}
	if r.Err != nil {
		form.Error = r.Err.Error()
	}
	return json.Marshal(form)
}

// UnmarshalJSON reads what MarshalJSON returns. Of an error the text remains.
func (r *Restart) UnmarshalJSON(b []byte) error {
	var f restart
	if err := json.Unmarshal(b, &f); err != nil {
		return err
	}
	*r = Restart{Seed: f.Seed, Status: f.Status, Iterations: f.Iterations, Seconds: f.Seconds, Objective: float64(f.Objective), RelError: float64(f.RelError), Agreement: float64(f.Agreement)}
	if f.Error != "" {
		r.Err = errors.New(f.Error)
	}
	return nil
}

// LogValue returns what JSON has.
func (r Restart) LogValue() slog.Value { return named.LogValue(r) }
