package ndio

import (
	"fmt"
	"slices"
	"strconv"
)

// Axis tells what the indices of one mode of an array stand for, by names, by
// values such as wavelengths, or by both. The zero value tells nothing.
type Axis struct {
	// Names has the name of each index; nil when there are none. Single names may
	// be empty, and names may repeat.
	Names []string
	// Values has the place of each index on the axis, in units of Unit; nil when
	// there are none.
	Values []float64
	// Title says what the values are, such as wavelength, and Unit in what they are
	// measured, such as nm. Both may be empty.
	Title, Unit string
}

// IsZero reports whether nothing is known of the mode.
func (a Axis) IsZero() bool { return a.Names == nil && a.Values == nil }

// Clone returns a copy that shares no memory with a.
func (a Axis) Clone() Axis {
	a.Names, a.Values = slices.Clone(a.Names), slices.Clone(a.Values)
	return a
}

// CloneAxes returns copies of axes, nil for nil.
func CloneAxes(axes []Axis) []Axis {
	axes = slices.Clone(axes)
	for n, a := range axes {
		axes[n] = a.Clone()
	}
	return axes
}

// Check reports names and values that are not as many as the mode has indices, and
// values that are not finite. The errors wrap [ErrShape] or [ErrFormat].
func (a Axis) Check(size int) error {
	if a.Names != nil && len(a.Names) != size {
		return fmt.Errorf("%w: there are %d names for %d indices; give one for each", ErrShape, len(a.Names), size)
	}
	if a.Values != nil && len(a.Values) != size {
		return fmt.Errorf("%w: the axis has %d values for %d indices; give one for each", ErrShape, len(a.Values), size)
	}
	for i, v := range a.Values {
		if v-v != 0 {
			return fmt.Errorf("%w: value %d of the axis is %v; values are finite", ErrFormat, i, v)
		}
	}
	return nil
}

// Label returns what people call an index: its name, else its value with the unit,
// else an empty text.
func (a Axis) Label(i int) string {
	switch {
	case i < len(a.Names) && a.Names[i] != "":
		return a.Names[i]
	case i < len(a.Values) && a.Unit != "":
		return number(a.Values[i]) + " " + a.Unit
	case i < len(a.Values):
		return number(a.Values[i])
	}
	return ""
}

// Heading returns the title of the axis with its unit, as in "wavelength [nm]".
func (a Axis) Heading() string {
	switch {
	case a.Unit == "":
		return a.Title
	case a.Title == "":
		return "[" + a.Unit + "]"
	}
	return a.Title + " [" + a.Unit + "]"
}

// Repeated returns the first name that an index shares with an earlier one, both
// indices, and how many indices do so; none are counted for empty names.
func (a Axis) Repeated() (name string, first, second, count int) {
	seen := make(map[string]int, len(a.Names))
	for i, n := range a.Names {
		if n == "" {
			continue
		}
		if at, is := seen[n]; !is {
			seen[n] = i
		} else if count++; count == 1 {
			name, first, second = n, at, i
		}
	}
	return name, first, second, count
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

// Axes returns what the names of an array tell of its modes; nil when there are no
// names. Names that only count from 0, as the index columns of data frames do, tell
// nothing.
func (a Array) Axes() []Axis {
	axes, any := make([]Axis, len(a.Names)), false
	for n, names := range a.Names {
		if !counting(names) {
			axes[n].Names, any = names, true
		}
	}
	if !any {
		return nil
	}
	return axes
}

// counting reports whether names are the numbers of their indices, or empty.
func counting(names []string) bool {
	for i, name := range names {
		if name != "" && name != strconv.Itoa(i) {
			return false
		}
	}
	return true
}
