package nmf

import (
	"time"

	"polyad/internal/nnls"
	"polyad/loss"
)

// ForTransform returns what of the options of a fit, as [Result] has them, holds
// for [Model.Transform]: the loss, the penalty of H, a multiplicative method, and
// how long to go on. What belongs to the data of the fit (Mask, and Eps but where
// the loss needs it for the data) or to a W that is free is left out, and so are
// the other methods: for the Frobenius loss all of them have the same aim, and
// Transform reaches it exactly.
func (o Options) ForTransform() Options {
	t := Options{Loss: o.Loss, H: o.H, Workers: o.Workers, Run: o.Run}
	t.Run.Start = time.Time{} // MaxTime counts anew
	if a, mu := o.Method.(MU); mu {
		t.Method = a
	}
	if o.Loss.NeedsPositive() {
		t.Eps = o.Eps
	}
	return t
}

// transformMethod returns the method of a transform that names none: ANLS, which
// is exact, where nothing forbids it.
func (o *Options) transformMethod() Method {
	if o.Method == nil && o.Loss == loss.Frobenius && o.Mask == nil && o.Eps.Or(0) == 0 && nnls.CheckBPP(o.H) == nil {
		return ANLS{}
	}
	return o.Method
}
