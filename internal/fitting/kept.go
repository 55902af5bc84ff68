package fitting

import (
	"polyad/asm"
	"polyad/matrix"
)

// Kept remembers the matrices of a model, in memory of its own.
type Kept[T asm.Float] struct{ x, copies []*matrix.Dense[T] }

// NewKept returns memory for the given matrices.
func NewKept[T asm.Float](x ...*matrix.Dense[T]) *Kept[T] {
	k := &Kept[T]{x: x}
	for _, m := range x {
		k.copies = append(k.copies, m.Clone())
	}
	return k
}

// Keep remembers the matrices as they are.
func (k *Kept[T]) Keep() {
	for i, m := range k.x {
		k.copies[i].Copy(m)
	}
}

// Recall sets the matrices to what was remembered last.
func (k *Kept[T]) Recall() {
	for i, m := range k.copies {
		k.x[i].Copy(m)
	}
}

// Try makes a change that is not to raise an objective. Where it does, also by
// becoming no number, the matrices become what they were, and it returns false.
func (k *Kept[T]) Try(objective func() float64, change func()) bool {
	before := objective()
	k.Keep()
	change()
	if objective() <= before {
		return true
	}
	k.Recall()
	return false
}
