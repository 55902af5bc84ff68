package named

import (
	"fmt"
	"strings"
)

// Error says that a word is none of an option's.
type Error struct {
	Option, Word string
	Want         []string
	Err          error // that it wraps
}

// Error returns the option, the word, and those that it may be.
func (e *Error) Error() string {
	return fmt.Sprintf("%v: %s %q; want %s", e.Err, e.Option, e.Word, e.List())
}

// Unwrap returns what the error wraps.
func (e *Error) Unwrap() error { return e.Err }

// List returns the words as a sentence has them: a, b or c.
func (e *Error) List() string {
	last := len(e.Want) - 1
	if last < 1 {
		return strings.Join(e.Want, "")
	}
	return strings.Join(e.Want[:last], ", ") + " or " + e.Want[last]
}

// Enum has the words of an enumeration, that of value i at index i; values with an
// empty word, and all others, do not exist.
type Enum[E ~int | ~int8] struct {
	Type, Option string // such as Balance and balance
	Words        []string
	Err          error // that errors wrap
}

// Has reports whether a value exists.
func (e *Enum[E]) Has(v E) bool { return v >= 0 && int(v) < len(e.Words) && e.Words[v] != "" }

// String returns the word of a value, or the type with a number.
func (e *Enum[E]) String(v E) string {
	if !e.Has(v) {
		return fmt.Sprintf("%s(%d)", e.Type, int(v))
	}
	return e.Words[v]
}

// Text returns the word of a value, and an error for one that does not exist.
func (e *Enum[E]) Text(v E) ([]byte, error) {
	if !e.Has(v) {
		return nil, e.fail(e.String(v))
	}
	return []byte(e.Words[v]), nil
}

// Set sets v to the value of a word, and leaves it as it is when that is an error.
func (e *Enum[E]) Set(v *E, word []byte) error {
	for i, w := range e.Words {
		if w != "" && w == string(word) {
			*v = E(i)
			return nil
		}
	}
	return e.fail(string(word))
}

func (e *Enum[E]) fail(word string) error {
	f := &Error{Option: e.Option, Word: word, Err: e.Err}
	for _, w := range e.Words {
		if w != "" {
			f.Want = append(f.Want, w)
		}
	}
	return f
}
