package named

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strconv"
	"time"
)

// Number is a float64 that may be NaN or infinite, which JSON has no numbers for:
// they are the texts "NaN", "Inf" and "-Inf".
type Number float64

// MarshalJSON returns the shortest number that is read back with the same bits, or
// a text.
func (n Number) MarshalJSON() ([]byte, error) {
	switch v := float64(n); {
	case math.IsNaN(v):
		return []byte(`"NaN"`), nil
	case math.IsInf(v, 1):
		return []byte(`"Inf"`), nil
	case math.IsInf(v, -1):
		return []byte(`"-Inf"`), nil
	}
	return json.Marshal(float64(n))
}

// UnmarshalJSON reads what MarshalJSON returns.
func (n *Number) UnmarshalJSON(b []byte) error {
	i := slices.Index([]string{`"NaN"`, `"Inf"`, `"-Inf"`}, string(b))
	if i >= 0 {
		*n = Number([]float64{math.NaN(), math.Inf(1), math.Inf(-1)}[i])
		return nil
	}
	return json.Unmarshal(b, (*float64)(n))
}

// Numbers returns a list as numbers, nil for nil.
func Numbers(x []float64) []Number {
	if x == nil {
		return nil
	}
	n := make([]Number, len(x))
	for i, v := range x {
		n[i] = Number(v)
	}
	return n
}

// Floats is the inverse of Numbers.
func Floats(n []Number) []float64 {
	if n == nil {
		return nil
	}
	x := make([]float64, len(n))
	for i, v := range n {
		x[i] = float64(v)
	}
	return x
}

// Seconds is a duration as a number of seconds, to the nanosecond.
type Seconds time.Duration

// MarshalJSON returns the number.
func (s Seconds) MarshalJSON() ([]byte, error) {
	whole, rest := s/Seconds(time.Second), s%Seconds(time.Second)
	text := strconv.FormatInt(int64(whole), 10)
	if whole == 0 && rest < 0 {
		text = "-0"
	}
	if rest != 0 {
		text += fmt.Sprintf(".%09d", max(rest, -rest))
	}
	return bytes.TrimRight([]byte(text), map[bool]string{true: "0"}[rest != 0]), nil
}

// UnmarshalJSON reads a number.
func (s *Seconds) UnmarshalJSON(b []byte) error {
	d, err := time.ParseDuration(string(b) + "s")
	if err != nil { // as a number with an exponent
		var f float64
		if err := json.Unmarshal(b, &f); err != nil {
			return err
		}
		if f *= float64(time.Second); !(math.Abs(f) < math.MaxInt64) {
			return fmt.Errorf("%s seconds are out of range", b)
		}
		d = time.Duration(f)
	}
	*s = Seconds(d)
	return nil
}

// Strict reads one JSON value whose objects have no other keys than v knows. The
// error wraps err.
func Strict(b []byte, v any, err error) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	e := d.Decode(v)
	if e == nil {
		if _, e = d.Token(); errors.Is(e, io.EOF) {
			return nil
		}
		e = errors.New("more than one value")
	}
	if errors.Is(e, err) {
		return e
	}
	return fmt.Errorf("%w: %w", err, e)
}

// Marshal returns the JSON of something with a name and fields: an object with the
// name under "name", or the name alone when the object would have nothing else.
// fields is a struct whose type has no methods of its own for JSON.
func Marshal(name string, fields any) ([]byte, error) {
	b, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	quoted, err := json.Marshal(name)
	if err != nil || string(b) == "{}" {
		return quoted, err
	}
	return slices.Concat([]byte(`{"name":`), quoted, []byte(`,`), b[1:]), nil
}

// Unmarshal reads what Marshal returns into fields, a pointer; the name has to be
// the given one. Fields that are not there become zero.
func Unmarshal(b []byte, name string, fields any, err error) error {
	got, rest, e := split(b, err)
	if e != nil {
		return e
	}
	if got != name {
		return &Error{Option: "name", Word: got, Want: []string{name}, Err: err}
	}
	reflect.ValueOf(fields).Elem().SetZero()
	return Strict(rest, fields, err)
}

// split returns the name and the other fields of what Marshal returns.
func split(b []byte, err error) (name string, rest []byte, e error) {
	if e := json.Unmarshal(b, &name); e == nil {
		return name, []byte("{}"), nil
	}
	var all map[string]json.RawMessage
	if e := json.Unmarshal(b, &all); e != nil {
		return "", nil, fmt.Errorf("%w: %w", err, e)
	}
	if e := json.Unmarshal(all["name"], &name); e != nil {
		return "", nil, fmt.Errorf("%w: an object without a name", err)
	}
	delete(all, "name")
	rest, e = json.Marshal(all)
	return name, rest, e
}

// Variants are the values of an interface that have names, which fmt prints.
type Variants[I any] struct {
	Option string
	List   []I
	Err    error // that errors wrap
}

// Parse returns the variant of a name, its fields as in the list.
func (v *Variants[I]) Parse(name string) (found I, err error) {
	e := &Error{Option: v.Option, Word: name, Err: v.Err}
	for _, one := range v.List {
		word := fmt.Sprint(one)
		if word == name {
			return one, nil
		}
		e.Want = append(e.Want, word)
	}
	return found, e
}

// Set sets to, a pointer to a variant's type, to the variant of a name.
func (v *Variants[I]) Set(to any, name []byte) error {
	into := reflect.ValueOf(to).Elem()
	e := &Error{Option: v.Option, Word: string(name), Err: v.Err}
	for _, one := range v.List {
		if reflect.TypeOf(one) != into.Type() {
			continue
		}
		word := fmt.Sprint(one)
		if word == e.Word {
			into.Set(reflect.ValueOf(one))
			return nil
		}
		e.Want = append(e.Want, word)
	}
	return e
}

// Unmarshal reads what the variant of the name writes.
func (v *Variants[I]) Unmarshal(b []byte) (found I, err error) {
	name, _, err := split(b, v.Err)
	if err != nil {
		return found, err
	}
	one, err := v.Parse(name)
	if err != nil {
		return found, err
	}
	into := reflect.New(reflect.TypeOf(one))
	if err := json.Unmarshal(b, into.Interface()); err != nil {
		return found, err
	}
	return into.Elem().Interface().(I), nil
}

// IsNull reports whether a value is left out, or is JSON's null.
func IsNull(b json.RawMessage) bool { return len(b) == 0 || string(b) == "null" }

// Choices are the variants of an option that is a method, and of one that is a start,
// where another value of the latter, a model, has no form: Lost stands for that.
type Choices[M, S any] struct {
	Methods Variants[M]
	Starts  Variants[S]
	Lost    S
}

// Marshal returns the JSON of a method and of a start; nil stays nil.
func (c *Choices[M, S]) Marshal(method M, start S) (m, s json.RawMessage, err error) {
	if any(method) != nil {
		if m, err = json.Marshal(method); err != nil {
			return nil, nil, err
		}
	}
	if any(start) == nil {
		return m, nil, nil
	}
	if !slices.ContainsFunc(c.Starts.List, func(s S) bool { return reflect.TypeOf(s) == reflect.TypeOf(start) }) {
		start = c.Lost
	}
	s, err = json.Marshal(start)
	return m, s, err
}

// Unmarshal sets a method and a start to what Marshal returns of them; what is not there
// stays as it is.
func (c *Choices[M, S]) Unmarshal(m, s json.RawMessage, method *M, start *S) (err error) {
	if !IsNull(m) {
		if *method, err = c.Methods.Unmarshal(m); err != nil {
			return err
		}
	}
	if IsNull(s) {
		return nil
	}
	lost, err := json.Marshal(c.Lost)
	if err != nil {
		return err
	}
	if *start = c.Lost; string(s) != string(lost) {
		*start, err = c.Starts.Unmarshal(s)
	}
	return err
}
