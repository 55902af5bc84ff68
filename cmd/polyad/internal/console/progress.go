package console

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"polyad/solver"
)

// Progress shows a line about a run that is rewritten in place.
type Progress struct {
	w     *os.File
	last  time.Time
	width int // of what is shown
	Runs  int // how many there are, when there are several
}

// NewProgress returns a progress line on w, or nil when w is not a terminal or
// nobody wants it.
func NewProgress(w io.Writer, mode string, quiet bool) *Progress {
	f, ok := w.(*os.File)
	if quiet || mode == "never" || !ok || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	return &Progress{w: f}
}

// Observe is a solver's observer.
func (p *Progress) Observe(e solver.Event) (stop bool) {
	if now := time.Now(); now.Sub(p.last) >= 100*time.Millisecond {
		p.last = now
		var which string
		if p.Runs > 1 {
			which = fmt.Sprintf("run %d of %d, ", e.Run+1, p.Runs)
		}
		p.Show(which + fmt.Sprintf("sweep %d, objective %.6g, relative error %.4g, %.1f s", e.Iter, e.Objective(), e.RelError, e.Seconds))
	}
	return false
}

// Show replaces the line.
func (p *Progress) Show(s string) {
	if p == nil {
		return
	}
	if columns, _, err := term.GetSize(int(p.w.Fd())); err == nil && columns > 1 {
		s = s[:min(len(s), columns-1)]
	}
	fmt.Fprintf(p.w, "\r%s%s", s, strings.Repeat(" ", max(0, p.width-len(s))))
	p.width = len(s)
}

// Clear takes the line away.
func (p *Progress) Clear() {
	if p != nil && p.width > 0 {
		fmt.Fprintf(p.w, "\r%s\r", strings.Repeat(" ", p.width))
		p.width = 0
	}
}
