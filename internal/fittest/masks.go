package fittest

import (
	"math/rand/v2"

	"polyad/asm"
	"polyad/tensor"
)

// Holes returns a mask by which a share of the entries is missing, but not the first.
func Holes(seed uint64, shape []int, share float64) *tensor.Mask {
	r := rand.New(rand.NewPCG(seed, 9))
	m := tensor.NewMask(shape...)
	for i := range m.Len() {
		if i == 0 || r.Float64() >= share {
			m.Bits[i/64] |= 1 << (i % 64)
		}
	}
	return m
}

// Seen reports whether entry i is observed.
func Seen(m *tensor.Mask, i int) bool { return m.Bits[i/64]>>(i%64)&1 != 0 }

// Hide makes slice k of a mode missing.
func Hide(m *tensor.Mask, mode, k int) {
	behind := 1
	for _, n := range m.Shape[mode+1:] {
		behind *= n
	}
	for i := range m.Len() {
		if i/behind%m.Shape[mode] == k {
			m.Bits[i/64] &^= 1 << (i % 64)
		}
	}
}

// Without returns a copy of x with v where entries are missing.
func Without[T asm.Float](x *tensor.Dense[T], m *tensor.Mask, v float64) *tensor.Dense[T] {
	x = x.Clone()
	for i := range x.Data {
		if !Seen(m, i) {
			x.Data[i] = T(v)
		}
	}
	return x
}

// Observed returns the observed entries.
func Observed[T asm.Float](x *tensor.Dense[T], m *tensor.Mask) (v []float64) {
	for i := range x.Data {
		if Seen(m, i) {
			v = append(v, float64(x.Data[i]))
		}
	}
	return v
}
