package tensor

// TreeMemory returns the number of elements that a tree keeps partial products
// in.
func TreeMemory[T Float](t *Tree[T]) int { return len(t.memory) }
