package asm

import "unsafe"

// Float is the set of element types. The terms are exact (no ~), so that one
// type switch reaches the kernels of a type.
type Float interface{ float32 | float64 }

// SizeOf returns the size of an element of type T in bytes.
func SizeOf[T Float]() int {
	var x T
	return int(unsafe.Sizeof(x))
}

// Bytes returns the memory of x as bytes, in the byte order of the machine.
// The result shares memory with x.
func Bytes[T Float](x []T) []byte {
	if len(x) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&x[0])), len(x)*SizeOf[T]())
}

// aligned reports whether x begins at an address that is a multiple of n bytes.
func aligned[T Float](x []T, n int) bool {
	return uintptr(unsafe.Pointer(unsafe.SliceData(x)))%uintptr(n) == 0
}

// distance is the number of bytes from x[i] to y[j], in whatever direction.
func distance[T Float](x []T, i int, y []T, j int) int {
	return int(uintptr(unsafe.Pointer(&y[j])) - uintptr(unsafe.Pointer(&x[i])))
}
