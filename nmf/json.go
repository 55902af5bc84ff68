package nmf

import (
	"encoding/json"
	"fmt"
	"log/slog"

	"polyad/internal/fitting"
	"polyad/internal/named"
)

// The words of the command line for methods and starts.
var choices = named.Choices[Method, Start]{
	Methods: named.Variants[Method]{Option: "method", List: []Method{HALS{}, MU{}, ALS{}, ANLS{}}, Err: ErrOption},
	Starts:  named.Variants[Start]{Option: "start", List: []Start{Random{}, NNDSVD{}, NNDSVD{Fill: FillMean}, NNDSVD{Fill: FillRandom}, SPA{}}, Err: ErrOption},
	Lost:    lostModel{},
}

// ParseMethod returns the method of a name, with its defaults: hals, mu, als or anls.
// The error wraps [ErrOption].
func ParseMethod(name string) (Method, error) { return choices.Methods.Parse(name) }

// ParseStart returns the start of a name: random, nndsvd, nndsvda, nndsvdar or spa. The error wraps
// [ErrOption].
func ParseStart(name string) (Start, error) { return choices.Starts.Parse(name) }

// lostModel stands for a model that was given as the start before the options went
// through JSON.
type lostModel struct{}

func (lostModel) start()                       {}
func (lostModel) String() string               { return "model" }
func (lostModel) MarshalText() ([]byte, error) { return []byte("model"), nil }

// errLost is what is wrong with it.
var errLost = fmt.Errorf("nmf: %w: the start was a model, which options in JSON do not hold; set Init to a model", ErrOption)

// options is the form of Options in JSON.
type options struct {
	*plainOptions
	Method json.RawMessage `json:"method,omitzero"`
	Init   json.RawMessage `json:"init,omitzero"`
}

type plainOptions Options

// MarshalJSON returns an object without what is unset. A method or a start is its
// name, or an object with its name and its fields where some are set.
func (o Options) MarshalJSON() ([]byte, error) {
	method, start, err := choices.Marshal(o.Method, o.Init)
	if err != nil {
		return nil, err
	}
	return json.Marshal(options{(*plainOptions)(&o), method, start})
}

// UnmarshalJSON reads what MarshalJSON returns; what is not there stays as it is. The
// errors wrap [ErrOption], also for a key that no option has, or package loss's.
func (o *Options) UnmarshalJSON(b []byte) error {
	read := *o
	form := options{plainOptions: (*plainOptions)(&read)}
	err := named.Strict(b, &form, ErrOption)
	if err == nil {
		err = choices.Unmarshal(form.Method, form.Init, &read.Method, &read.Init)
	}
	if err != nil {
		return fmt.Errorf("nmf: %w", err)
	}
	*o = read
	return nil
}

// LogValue returns what JSON has, without the bits of a mask.
func (o Options) LogValue() slog.Value { return named.LogValue(o, "bits") }

// MarshalJSON returns an object with what is known of the fit, its options and its
// trace, without the model, which [Model.Save] writes. Keys are those of result.json;
// NaN and the infinities, which only a run that failed has, are the texts "NaN",
// "Inf" and "-Inf".
func (r Result[T]) MarshalJSON() ([]byte, error) {
	f := fitting.Written{Kind: "nmf", Options: r.Options, Formula: r.Formula(), Pruned: fitting.List(r.Pruned), Ridges: r.Ridges, Beta: named.Numbers(r.Beta)}
	f.Told(&r.Outcome, r.RelError, []string{"w", "h"}, func(n int) bool { return n == 0 && !r.Options.FixW || n == 1 && !r.Options.FixH })
	return json.Marshal(f)
}

// UnmarshalJSON returns an error: what MarshalJSON writes is without the model, which
// [Model.Save] writes and [Load] reads.
func (r *Result[T]) UnmarshalJSON([]byte) error {
	return fmt.Errorf("nmf: %w: the JSON of a result is without its model; save the model and load it", ErrOption)
}

// LogValue returns what JSON has, without the trace and the bits of a mask.
func (r Result[T]) LogValue() slog.Value { return named.LogValue(r, "trace", "bits") }
