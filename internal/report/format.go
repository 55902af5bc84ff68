package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Number writes v with four significant digits: 0.001235, 27.5, 48210,
// 1.5×10⁷. Integers below a million are written in full.
func Number(v float64) string {
	size := math.Abs(v)
	switch {
	case v == 0:
		return "0"
	case math.IsInf(v, 0) || math.IsNaN(v):
		return fmt.Sprint(v)
	case size < 1e6 && v == math.Trunc(v):
		return minus(strconv.FormatFloat(v, 'f', 0, 64))
	case size >= 9.9995e-4 && size < 999999.5:
		return minus(trimZeros(strconv.FormatFloat(v, 'f', max(0, 3-exponent(size)), 64)))
	}
	mantissa, power, _ := strings.Cut(strconv.FormatFloat(v, 'e', 3, 64), "e")
	p, _ := strconv.Atoi(power)
	return minus(trimZeros(mantissa)) + "×10" + superscript(p)
}

// Clock writes a time: "7.25 s" below a minute, else "1:52" or "1:02:07".
func Clock(seconds float64) string {
	if !(seconds >= 59.95) || math.IsInf(seconds, 1) {
		return Number(roundTo(seconds, 3)) + " s"
	}
	return Moment(seconds)
}

// Moment writes a place in a recording: "0:07", "1:52", "1:02:07".
func Moment(seconds float64) string {
	if !(seconds > 0) {
		return colons(0)
	}
	return colons(int64(math.Round(math.Min(seconds, 1e15))))
}

// Percent writes a part of a whole with three significant digits: "23.4 %".
func Percent(part float64) string {
	v := 100 * part
	switch {
	case v == 0:
		return "0 %"
	case v < 0.01 && v > 0:
		return "< 0.01 %"
	}
	return Number(roundTo(v, 3)) + " %"
}

// roundTo rounds v to the given number of significant digits.
func roundTo(v float64, digits int) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'e', digits-1, 64), 64)
	if err != nil {
		return v
	}
	return r
}

// colons writes whole seconds as m:ss or h:mm:ss.
func colons(s int64) string {
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// exponent returns the power of ten of v > 0.
func exponent(v float64) int {
	e := int(math.Floor(math.Log10(v)))
	if v >= math.Pow10(e+1) { // Log10 may round down just below a power
		e++
	}
	return e
}

func trimZeros(s string) string {
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// minus puts a real minus sign in front of a negative number.
func minus(s string) string {
	if rest, negative := strings.CutPrefix(s, "-"); negative {
		return "−" + rest
	}
	return s
}

var superscripts = strings.NewReplacer("0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴",
	"5", "⁵", "6", "⁶", "7", "⁷", "8", "⁸", "9", "⁹", "-", "⁻")

func superscript(n int) string { return superscripts.Replace(strconv.Itoa(n)) }
