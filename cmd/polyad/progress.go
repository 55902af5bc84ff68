package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"polyad/solver"
)

// progress shows a line about a run that is rewritten in place.
type progress struct {
	w     *os.File
	last  time.Time
	width int // of what is shown
	runs  int // how many there are, when there are several
}

// newProgress returns a progress line on w, or nil when w is not a terminal or
// nobody wants it.
func newProgress(w io.Writer, mode string, quiet bool) *progress {
	f, ok := w.(*os.File)
	if quiet || mode == "never" || !ok || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	return &progress{w: f}
}

// observe is a solver's observer.
func (p *progress) observe(e solver.Event) (stop bool) {
	if now := time.Now(); now.Sub(p.last) >= 100*time.Millisecond {
		p.last = now
		var which string
		if p.runs > 1 {
			which = fmt.Sprintf("run %d of %d, ", e.Run+1, p.runs)
		}
		p.show(which + fmt.Sprintf("sweep %d, objective %.6g, relative error %.4g, %.1f s", e.Iter, e.Objective(), e.RelError, e.Seconds))
	}
	return false
}

// show replaces the line.
func (p *progress) show(s string) {
	if p == nil {
		return
	}
	if columns, _, err := term.GetSize(int(p.w.Fd())); err == nil && columns > 1 {
		s = s[:min(len(s), columns-1)]
	}
	fmt.Fprintf(p.w, "\r%s%s", s, strings.Repeat(" ", max(0, p.width-len(s))))
	p.width = len(s)
}

// clear takes the line away.
func (p *progress) clear() {
	if p != nil && p.width > 0 {
		fmt.Fprintf(p.w, "\r%s\r", strings.Repeat(" ", p.width))
		p.width = 0
	}
}
