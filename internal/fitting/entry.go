package fitting

import "errors"

// EntryError is an error about one entry of the data. Where they were given in another
// order of their modes the index can be corrected ([MoveEntry]).
type EntryError struct {
	At   []int                // the index
	tell func(at []int) error // what is wrong with the entry there
}

// AtEntry returns the error that tell makes of the index of an entry.
func AtEntry(at []int, tell func(at []int) error) error { return &EntryError{at, tell} }

// Error returns the text of the error.
func (e *EntryError) Error() string { return e.tell(e.At).Error() }

// Unwrap returns the error as it is with the present index.
func (e *EntryError) Unwrap() error { return e.tell(e.At) }

// MoveEntry undoes [MoveLast] in the index that an error names, if it names one.
func MoveEntry(err error, mode, order int) {
	if e := (*EntryError)(nil); errors.As(err, &e) {
		e.At = MoveBack(e.At, mode, order)
	}
}
