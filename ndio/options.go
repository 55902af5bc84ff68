package ndio

import (
	"crypto/sha256"
	"io"

	"polyad/internal/named"
)

// Presence says whether a table has a header line or an index column.
type Presence int8

// What is known of a header line or an index column.
const (
	Guess   Presence = iota // the table tells
	Present                 // there is one
	Absent                  // there is none
)

var presences = named.Enum[Presence]{Type: "Presence", Option: "presence", Err: ErrOption, Words: []string{"guess", "true", "false"}}

// String returns guess, true or false: what --header and --index of the command take.
func (p Presence) String() string { return presences.String(p) }

// MarshalText returns the word that String returns, and an error for a value that
// does not exist.
func (p Presence) MarshalText() ([]byte, error) { return presences.Text(p) }

// UnmarshalText reads a word; the error wraps [ErrOption] and lists them all.
func (p *Presence) UnmarshalText(text []byte) error { return presences.Set(p, text) }

// Options say how a file is read that can be read in several ways. The zero value
// is what [ReadFile] and [Decode] do. An error wraps [ErrOption] when an option has no
// meaning for the file.
type Options struct {
	// Header says whether the first line of a table names its columns.
	Header Presence
	// Index says whether the first column of a table names its rows.
	Index Presence
	// Transpose exchanges rows and columns of what was read, which is to have two
	// modes.
	Transpose bool
}

// ReadFile is [ReadFile] with options.
func (o Options) ReadFile(path string) (Array, error) { return o.readFile(path, nil) }

// ReadFileSum is [ReadFileSum] with options.
func (o Options) ReadFileSum(path string) (a Array, sum [sha256.Size]byte, err error) {
	h := sha256.New()
	if a, err = o.readFile(path, h); err == nil {
		h.Sum(sum[:0])
	}
	return a, sum, err
}

// Decode is [Decode] with options.
func (o Options) Decode(r io.Reader) (Array, error) { return o.decode(r, nil, nil, "") }

// DecodeSum is [DecodeSum] with options.
func (o Options) DecodeSum(r io.Reader) (a Array, sum [sha256.Size]byte, err error) {
	h := sha256.New()
	if a, err = o.decode(r, h, nil, ""); err == nil {
		h.Sum(sum[:0])
	}
	return a, sum, err
}
