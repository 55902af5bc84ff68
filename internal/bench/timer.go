package bench

import (
	"slices"
	"time"
)

// timer says how carefully things are timed.
type timer struct {
	samples int
	atLeast time.Duration // of one sample
}

var (
	careful = timer{9, 12 * time.Millisecond}
	quick   = timer{3, 3 * time.Millisecond}
)

// time runs f again and again and returns the median, least and largest time of
// one run in seconds, over samples of as many runs as take long enough.
func (t timer) time(f func()) (median, least, largest float64) {
	f()
	n := 1
	for {
		if d := elapsed(f, n); d >= t.atLeast || n > 1<<24 {
			break
		} else if d < t.atLeast/16 {
			n *= 8
		} else {
			n *= 2
		}
	}
	s := make([]float64, t.samples)
	for i := range s {
		s[i] = elapsed(f, n).Seconds() / float64(n)
	}
	slices.Sort(s)
	return s[len(s)/2], s[0], s[len(s)-1]
}

func elapsed(f func(), n int) time.Duration {
	start := time.Now()
	for range n {
		f()
	}
	return time.Since(start)
}
