package audio

import (
	"bytes"
	_ "embed" // for the recording and its sections
	"fmt"
	"strings"
)

// BuiltinName is the file name of the recording that comes with the package.
const BuiltinName = "susanna.ogg"

//go:embed susanna.ogg
var builtin []byte

//go:embed susanna_sections.txt
var builtinSections string

// Builtin decodes the recording that comes with the package: an arrangement of
// "Oh! Susanna" for small band, mono, 22.05 kHz, 112 s. It has 56 bars of
// exactly 2 s and a form, [BuiltinSections]. NOTICE.md beside the source says
// where it comes from and under what terms.
func Builtin() (Sound, error) { return Decode(bytes.NewReader(builtin), OGG) }

// BuiltinFile returns the bytes of the recording, a copy of the file
// susanna.ogg.
func BuiltinFile() []byte { return bytes.Clone(builtin) }

// Section is a part of a piece of music.
type Section struct {
	Interval
	Label string
}

// BuiltinSections returns the form of the recording, as its score has it.
func BuiltinSections() []Section {
	var sections []Section
	for line := range strings.Lines(builtinSections) {
		var s Section
		if _, err := fmt.Sscan(line, &s.Start, &s.End, &s.Label); err == nil {
			sections = append(sections, s)
		}
	}
	return sections
}
