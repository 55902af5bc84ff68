package report

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"

	"polyad/ndio"
)

// span is the range of an axis, lo < hi, and the ticks on it.
type span struct {
	lo, hi float64
	ticks  []plot.Tick
	label  string
}

// at returns where v lies, 0 at the lower end and 1 at the upper.
func (s span) at(v float64) float64 { return (v - s.lo) / (s.hi - s.lo) }

// linear returns a span over [lo, hi] with about n ticks at round numbers. A
// range too narrow for its labels is widened.
func linear(lo, hi float64, n int) span {
	const most = 1e300 // so that differences stay finite
	lo, hi = math.Max(-most, math.Min(lo, most)), math.Max(-most, math.Min(hi, most))
	if size := math.Max(math.Abs(lo), math.Abs(hi)); hi-lo <= 1e-3*size || size < 1e-300 {
		middle, half := lo+(hi-lo)/2, 0.05*size
		if size < 1e-300 {
			middle, half = 0.5, 0.5
		}
		lo, hi = middle-half, middle+half
	}
	s := span{lo: lo, hi: hi}
	step := niceStep((hi - lo) / float64(n))
	for k := math.Ceil(lo/step - 1e-9); k*step <= hi+1e-9*step; k++ {
		s.ticks = append(s.ticks, plot.Tick{Value: math.Max(lo, math.Min(k*step, hi)), Label: tickLabel(k*step, step, math.Max(math.Abs(lo), math.Abs(hi)))})
	}
	return s
}

// niceStep returns the smallest of 1, 2 and 5 times a power of ten that is at
// least v > 0.
func niceStep(v float64) float64 {
	power := math.Pow10(exponent(v))
	for _, m := range [...]float64{1, 2, 5} {
		if v <= m*power*(1+1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// tickLabel writes a multiple v of step with as many digits as tell it from its
// neighbours; size is the largest absolute value on the axis.
func tickLabel(v, step, size float64) string {
	if math.Abs(v) < step/2 {
		return "0"
	}
	digits, suffix := exponent(step), ""
	if size >= 1e5 || size < 1e-3 {
		power := exponent(size)
		v, digits, suffix = v/math.Pow10(power), digits-power, "×10"+superscript(power)
	}
	return minus(strconv.FormatFloat(v, 'f', max(0, -digits), 64)) + suffix
}

// logarithmic returns a span over [log10 lo, log10 hi], lo > 0, with ticks at
// powers of ten, or at 1, 2 and 5 times these where there is room for more, n of
// them or fewer. write makes the labels.
func logarithmic(lo, hi float64, n int, write func(float64) string) span {
	s := span{lo: math.Log10(lo), hi: math.Log10(hi)}
	if s.hi-s.lo < 0.02 {
		s.lo, s.hi = s.lo-0.15, s.hi+0.15
	}
	first, last := int(math.Floor(s.lo)), int(math.Ceil(s.hi))
	each := max(1, int(math.Ceil((s.hi-s.lo)/float64(n))))
	var decades, fine []plot.Tick
	for e := first; e <= last; e++ {
		for _, m := range [...]float64{1, 2, 5} {
			at := float64(e) + math.Log10(m)
			if at < s.lo-1e-9 || at > s.hi+1e-9 {
				continue
			}
			t := plot.Tick{Value: math.Max(s.lo, math.Min(at, s.hi)), Label: write(m * math.Pow10(e))}
			fine = append(fine, t)
			if m == 1 && (e-first)%each == 0 {
				decades = append(decades, t)
			}
		}
	}
	s.ticks = fine
	if len(fine) > n {
		s.ticks = decades
	}
	return s
}

// seconds returns a span of time over [lo, hi] with about n ticks, written as
// m:ss when it is longer than a minute and in seconds when it is not.
func seconds(lo, hi float64, n int) span {
	if hi <= 60 || hi > 1e6 {
		s := linear(lo, hi, n)
		s.ticks = notBelow(s.ticks, 0)
		for i := range s.ticks {
			s.ticks[i].Label += " s"
		}
		return s
	}
	s := span{lo: lo, hi: hi}
	steps := [...]float64{5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400}
	step := steps[len(steps)-1]
	for _, v := range steps {
		if v*float64(n) >= hi-lo {
			step = v
			break
		}
	}
	for t := 0.0; t <= hi; t += step {
		s.ticks = append(s.ticks, plot.Tick{Value: t, Label: colons(int64(t))})
	}
	return s
}

// hertz returns a span over the logarithms of [lo, hi]. Labels carry their unit
// unless the axis says it.
func hertz(lo, hi float64, n int, unit bool) span {
	suffix := ""
	if unit {
		suffix = "Hz"
	}
	return logarithmic(lo, hi, n, func(v float64) string {
		kilo, space := "", ""
		if v >= 999.5 {
			v, kilo = v/1000, "k"
		}
		if unit {
			space = " "
		}
		return Number(v) + space + kilo + suffix
	})
}

// components returns a span for rows with these numbers, the first at the top, as many
// of them written as there is room for: height is what the rows have.
func components(numbers []int, height float64) span {
	r := len(numbers)
	s := span{lo: 0, hi: float64(r)}
	each := int(math.Ceil(13 * float64(r) / height))
	for q := 0; q < r; q += each {
		s.ticks = append(s.ticks, plot.Tick{Value: float64(r-q) - 0.5, Label: strconv.Itoa(numbers[q])})
	}
	return s
}

func notBelow(ticks []plot.Tick, lo float64) []plot.Tick {
	for len(ticks) > 0 && ticks[0].Value < lo {
		ticks = ticks[1:]
	}
	return ticks
}

// indices returns an axis over n places, place k at k+1 and numbered from 0, as flags
// and messages count.
func indices(n int) span {
	s := span{lo: 0.5, hi: float64(n) + 0.5}
	step := max(1, int(niceStep(float64(n)/10)))
	for k := 0; k < n; k += step {
		s.ticks = append(s.ticks, plot.Tick{Value: float64(k + 1), Label: strconv.Itoa(k)})
	}
	return s
}

// places is [indices] with the values of the axis, where it has some, at the ticks.
func places(axis ndio.Axis, n int) span {
	s := indices(n)
	for k, t := range s.ticks {
		if i := int(t.Value) - 1; i < len(axis.Values) {
			s.ticks[k].Label = Number(axis.Values[i])
		}
	}
	return s
}
