package fitting

import (
	"fmt"
	"math"

	"polyad/asm"
	"polyad/balance"
	"polyad/internal/data"
	"polyad/internal/par"
	"polyad/loss"
	"polyad/matrix"
	"polyad/reg"
	"polyad/solver"
)

// Course is what fits of all models are alike in while they are under way: what is
// known of the objective of the model, and the copies of it that a run goes back to.
//
// A fit works on data times a power of two, so that everything stays near 1, and on
// blocks times roots of it; the penalties are rescaled by their degrees to give the
// same minimizer, and the objective of the scaled problem is ObjScale times that of the
// given one.
type Course[T asm.Float] struct {
	Stats    data.Stats
	Loss     loss.Loss
	ObjScale float64
	Size     float64        // of the loss of nothing
	Blocks   []reg.Block[T] // of the model, empty ones where it has none

	Known   Known
	Touched bool // whether the start was scaled, balanced or swept over
	Swept   bool // whether there was a sweep

	// Memory and Numbers are what a method remembers from sweep to sweep beside the
	// model, as states are saved.
	Memory  []*matrix.Dense[T]
	Numbers []*float64

	fit      Fit[T]
	pool     *par.Pool
	name     string // of the package, as errors begin with it
	mismatch error  // for states of other fits
	cut      *Cut[T]
	best     *Kept[T] // nil: the method descends
	undo     *Kept[T] // nil: balancing descends, or who calls it looks
	returned bool     // the last evaluation went back to an earlier model
}

// Fit is the part of a fit that depends on the model.
type Fit[T asm.Float] interface {
	// Matrices are those of the model.
	Matrices() []*matrix.Dense[T]
	// Once makes a sweep.
	Once() error
	// Inner computes the loss by inner products, as [Known] has it, if a sweep has
	// left what that takes and it was not done.
	Inner()
	// Finish brings a model that is returned into the form that it is to have. Where it
	// does anything, it makes the loss unknown.
	Finish()
	// Direct computes loss and squared error of the model, between sweeps perhaps so
	// that they are of use to the next one.
	Direct(final bool) (divergence, squares float64)
	// Accept is told the objective of the model where it is evaluated. When it returns
	// false, the model is an earlier one again.
	Accept(objective float64) bool
	// Forget drops what was computed from the model.
	Forget()
}

// Known is the loss of a model as far as it is known, else NaN: the Frobenius loss by
// inner products, of which some are as large as Largest, and loss and squared error
// computed directly.
type Known struct {
	Inner, Largest float64
	Direct         [2]float64
}

// Unknown is that of a model of which nothing is known.
func Unknown() Known {
	return Known{Inner: math.NaN(), Direct: [2]float64{math.NaN(), math.NaN()}}
}

// Begin says what the fit is of, and begins with a model of which nothing is known.
// Errors about states of other fits begin with the name of the package and wrap
// mismatch.
func (c *Course[T]) Begin(fit Fit[T], pool *par.Pool, name string, mismatch error) {
	c.fit, c.pool, c.name, c.mismatch, c.Known = fit, pool, name, mismatch, Unknown()
	c.Size = LossSize(c.Stats, c.Loss)
}

// Penalize gives the blocks their penalties in the scaled problem. It reports a weight
// that leaves the range of numbers.
func (c *Course[T]) Penalize(penalties []reg.Penalty) error {
	for n, p := range penalties {
		for _, t := range p {
			if math.IsInf(t.Weight, 0) {
				return fmt.Errorf("%s: %w: a weight of degree %g is out of range for data of this size", c.name, reg.ErrPenalty, t.Degree)
			}
		}
		c.Blocks[n].Penalty = p
	}
	return nil
}

// Rises says that the objective may rise, so that the best model is kept; and, with
// balancing, that this may do so by itself, when nobody else looks.
func (c *Course[T]) Rises(balancing bool) {
	c.best = NewKept(c.fit.Matrices()...)
	if balancing {
		c.undo = NewKept(c.fit.Matrices()...)
	}
}

// Guard lets long sweeps, over entries times rank, end with the limit.
func (c *Course[T]) Guard(limit *Limit, entries, rank int) {
	touched, swept := c.Touched, c.Swept
	c.cut = NewCut(c.pool, limit, entries, rank, c.all(), c.Numbers, func() error {
		touched, swept = c.Touched, c.Swept
		return c.fit.Once()
	}, func() {
		c.Touched, c.Swept = touched, swept
		c.Forget()
	})
}

// Sweep makes a sweep.
func (c *Course[T]) Sweep() error {
	if c.cut != nil {
		return c.cut.Sweep()
	}
	return c.fit.Once()
}

// Forget drops all that was computed from the model.
func (c *Course[T]) Forget() {
	c.Known = Unknown()
	c.fit.Forget()
}

// Evaluate returns loss and squared error of the model. A final loss is computed
// directly, and so is one whose inner products would cancel.
func (c *Course[T]) Evaluate(final bool) (divergence, squares float64) {
	if final {
		c.fit.Finish()
	} else {
		c.fit.Inner()
		if f := c.Known.Inner; f >= LeastInner[T]()*c.Known.Largest {
			return f, 2 * f
		}
	}
	if f := c.Known.Direct[0]; f != f {
		c.Known.Direct[0], c.Known.Direct[1] = c.fit.Direct(final)
	}
	return c.Known.Direct[0], c.Known.Direct[1]
}

// Penalties returns the value of the penalties in the units of the given problem.
func (c *Course[T]) Penalties() (sum float64) {
	for _, b := range c.Blocks {
		sum += b.Value() / c.ObjScale
	}
	return sum
}

// Scaled returns the objective of the scaled problem, and how much of it rounding may
// be.
func (c *Course[T]) Scaled() (f, rounding float64) {
	f, _ = c.Evaluate(false)
	inner := c.Known.Largest
	if v := c.Known.Direct[0]; v == v {
		inner = 0
	}
	penalties := c.Penalties() * c.ObjScale
	return f + penalties, Rounding[T](f, penalties, c.Size, inner)
}

// Objective returns loss, penalty and relative error of the current model in the units
// of the given problem. A method may return to an earlier model here.
func (c *Course[T]) Objective(final bool) (divergence, penalty, rel float64) {
	divergence, squares := c.Evaluate(final)
	penalty = c.Penalties()
	if c.returned = !c.fit.Accept(divergence + penalty*c.ObjScale); c.returned {
		divergence, squares = c.Evaluate(final)
		penalty = c.Penalties()
	}
	return divergence / c.ObjScale, penalty, RelError(squares, c.Stats.Squares)
}

// Returned reports whether the last evaluation went back to an earlier model.
func (c *Course[T]) Returned() bool { return c.returned }

// Still returns the change of the objective that tells nothing, in the units of the
// given problem.
func (c *Course[T]) Still() float64 {
	_, rounding := c.Scaled()
	direct := c.Known.Direct[0]
	return Still[T](rounding, c.Size, c.Stats.Count, direct == direct) / c.ObjScale
}

// MayRise reports whether the method does not descend.
func (c *Course[T]) MayRise() bool { return c.best != nil }

// Keep remembers the model as the best one so far.
func (c *Course[T]) Keep() { c.best.Keep() }

// Recall makes the best model the current one.
func (c *Course[T]) Recall() {
	c.best.Recall()
	c.Forget()
}

// Balance balances the model, unless that raises the objective: where the floor counts,
// entries at it are not scaled with the others. It reports whether it was done.
func (c *Course[T]) Balance(balance func()) bool {
	if c.undo == nil {
		balance()
		return true
	}
	done := c.undo.Try(func() float64 {
		c.Known = Unknown()
		f, _ := c.Evaluate(true) // which leaves nothing to the next step
		return f + c.Penalties()*c.ObjScale
	}, balance)
	if !done {
		c.Forget()
	}
	return done
}

// all returns what a saved state holds.
func (c *Course[T]) all() []*matrix.Dense[T] { return append(c.fit.Matrices(), c.Memory...) }

// SaveState returns the state after a sweep, bit for bit: the model and what the method
// remembers. Partial products are not part of it: the run drops them, too, so that it
// goes on with the same bits as one that is restored.
func (c *Course[T]) SaveState() []byte {
	c.fit.Forget()
	return Save(c.all(), c.Numbers)
}

// RestoreState sets the state to one that was saved by a fit of the same data and
// options.
func (c *Course[T]) RestoreState(b []byte) error {
	if err := Restore(b, c.all(), c.Numbers); err != nil {
		return fmt.Errorf("%s: %w: %w", c.name, c.mismatch, err)
	}
	c.Touched, c.Swept = true, true
	c.Forget()
	return nil
}

// Outcome returns what the fit came to, from the report of its run and the KKT residuals
// of its blocks.
func (c *Course[T]) Outcome(report solver.Report, kkt []float64) solver.Outcome {
	o := solver.Outcome{Report: report, Loss: report.Returned.Loss, Observed: c.Stats.Count, KKT: kkt}
	for _, b := range c.Blocks {
		o.Penalty = append(o.Penalty, b.Value()/c.ObjScale)
	}
	return o
}

// Pruned lists the components of which some block is zero, or nowhere above its floor.
func (c *Course[T]) Pruned(floor func(block int) T) (pruned []int) {
	some := make([]bool, c.Blocks[0].Components())
	for n, b := range c.Blocks {
		for q, zero := range b.Empty(floor(n)) {
			some[q] = some[q] || zero
		}
	}
	for q, zero := range some {
		if zero {
			pruned = append(pruned, q)
		}
	}
	return pruned
}

// Beta returns β_q of package balance for each component, when several blocks are free
// and the penalties of all of them can be balanced: 0 for those that are left out; else
// nil.
func (c *Course[T]) Beta(free []int, left func(q int) bool) []float64 {
	var cols []*reg.Columns
	for _, n := range free {
		if !c.Blocks[n].Penalty.Definite() {
			return nil
		}
		cols = append(cols, c.Blocks[n].Columns())
	}
	if len(free) < 2 {
		return nil
	}
	beta := balance.Columns(cols...).Beta
	for q := range beta {
		if beta[q] /= c.ObjScale; left(q) {
			beta[q] = 0
		}
	}
	return beta
}
