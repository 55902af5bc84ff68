package fitting

import (
	"fmt"

	"polyad/matrix"
	"polyad/tensor"
)

// Whole returns as an error that wraps shape what check panics with when the parts of
// a model do not fit each other.
func Whole(pkg string, shape error, op string, check func(op string)) (err error) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case matrix.Error:
			err = fmt.Errorf("%s: %w: %w", pkg, shape, e)
		case tensor.Error:
			err = fmt.Errorf("%s: %w: %w", pkg, shape, e)
		default:
			panic(e)
		}
	}()
	check(op)
	return nil
}
