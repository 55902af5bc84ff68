package loss

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Loss is what a fit minimizes apart from its penalties. The zero value is
// Frobenius; losses can be compared with ==.
type Loss struct {
	kind kind
	beta float64 // of kind betaDivergence
}

type kind uint8

const (
	frobenius kind = iota
	betaDivergence
)

// The named losses.
var (
	Frobenius = Loss{}
	KL        = Beta(1)
	IS        = Beta(0)
)

// ErrLoss is wrapped by errors about losses that do not exist.
var ErrLoss = errors.New("invalid loss")

// Beta returns the beta-divergence with the given β; Beta(2) is Frobenius. A β nearer
// to 0 than 2⁻⁶⁰ is 0: the divergences differ by less than rounding.
func Beta(b float64) Loss {
	if b == 2 {
		return Frobenius
	}
	if math.Abs(b) < 0x1p-60 {
		b = 0 // nor -0, so that losses compare equal
	}
	return Loss{kind: betaDivergence, beta: b}
}

// Parse returns the loss of the given name: frobenius, kl, is, or a number β.
func Parse(s string) (Loss, error) {
	switch strings.ToLower(s) {
	case "frobenius", "fro":
		return Frobenius, nil
	case "kl":
		return KL, nil
	case "is":
		return IS, nil
	}
	b, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return Loss{}, fmt.Errorf("%w %q: want frobenius, kl, is or a number", ErrLoss, s)
	}
	l := Beta(b)
	return l, l.Validate()
}

// Validate returns an error wrapping [ErrLoss] when β is NaN, or so large that
// powers of the data have no meaning in floating point (|β| > 10).
func (l Loss) Validate() error {
	if !(math.Abs(l.Beta()) <= 10) {
		return fmt.Errorf("%w: beta is %v, must be a number from -10 to 10", ErrLoss, l.Beta())
	}
	return nil
}

// Beta returns the β of the divergence, 2 for Frobenius.
func (l Loss) Beta() float64 {
	if l.kind == frobenius {
		return 2
	}
	return l.beta
}

// String returns the name of the loss as [Parse] reads it.
func (l Loss) String() string {
	switch l.Beta() {
	case 2:
		return "frobenius"
	case 1:
		return "kl"
	case 0:
		return "is"
	}
	return strconv.FormatFloat(l.beta, 'g', -1, 64)
}

// MarshalText returns the name that String returns, and an error that wraps
// [ErrLoss] for a loss that does not exist.
func (l Loss) MarshalText() ([]byte, error) {
	if err := l.Validate(); err != nil {
		return nil, err
	}
	return []byte(l.String()), nil
}

// UnmarshalText reads a name as [Parse] does.
func (l *Loss) UnmarshalText(text []byte) error {
	parsed, err := Parse(string(text))
	if err == nil {
		*l = parsed
	}
	return err
}

// Formula returns the loss as it stands in an objective, with X and the given
// name of the model.
func (l Loss) Formula(model string) string {
	switch l.Beta() {
	case 2:
		return "1/2·||X - " + model + "||_F^2"
	case 1:
		return "D_KL(X | " + model + ")"
	case 0:
		return "D_IS(X | " + model + ")"
	}
	return fmt.Sprintf("D_beta=%v(X | %s)", l, model)
}

// NeedsPositive reports whether zeros in the data make the loss infinite.
func (l Loss) NeedsPositive() bool { return l.Beta() <= 0 }

// Exponents returns the exponents a > b of the majorizer of an MM step: with
// w = W·u the surrogate's derivative is C·u^a - D·u^b plus that of the
// penalties, increasing in u, where D = (V∘Z^(β-2))Uᵀ, C = Z^(β-1)Uᵀ, Z = WU.
func (l Loss) Exponents() (a, b float64) {
	switch beta := l.Beta(); {
	case beta < 1:
		return 0, beta - 2
	case beta <= 2:
		return beta - 1, beta - 2
	default:
		return beta - 1, 0
	}
}
