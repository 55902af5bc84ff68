package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// Listed lists components for people, those from the eleventh on by their number
// only.
func Listed(components []int) string {
	var s []string
	for i, q := range components {
		if i == 10 {
			return strings.Join(s, ", ") + fmt.Sprintf(", … (%d in all)", len(components))
		}
		s = append(s, fmt.Sprint(q))
	}
	return strings.Join(s, ", ")
}

// Shape writes sizes with signs between them.
func Shape(s []int) string {
	if len(s) == 0 {
		return "() (a single number)"
	}
	parts := make([]string, len(s))
	for i, n := range s {
		parts[i] = fmt.Sprint(n)
	}
	return strings.Join(parts, " x ")
}

// Explained tells a relative error with the share of the data that is explained.
func Explained(relError float64) string {
	return fmt.Sprintf("%.6g (%s explained)", relError, Percent(relError))
}

// Percent tells the share of the data that a relative error leaves explained, with
// two digits of what is not: 100 % stands for rounding alone.
func Percent(relError float64) string {
	rest := 100 * relError * relError
	digits := 2
	if rest < 1 && rest > 1e-13 {
		digits = 1 - int(math.Floor(math.Log10(rest)))
	}
	text := strconv.FormatFloat(100-rest, 'f', digits, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text + " %"
}

// InBytes writes a number of bytes with a unit.
func InBytes(n int) string {
	v := float64(n)
	for _, unit := range []string{"bytes", "kB", "MB", "GB"} {
		if v < 999.5 {
			return fmt.Sprintf("%.3g %s", v, unit)
		}
		v /= 1000
	}
	return fmt.Sprintf("%.3g TB", v)
}

// JSON writes v with a newline at its end.
func JSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	var odd *json.UnsupportedValueError
	if errors.As(err, &odd) {
		return fmt.Errorf("a number of the result is %s, out of range; rescale the data or the model", odd.Str)
	}
	return err
}
