package asm

import "unsafe"

// genericStrip is the width of the generic strips, of which there is one kind.
const genericStrip = 64

func halsGeneric[T Float](k0, k1, r int, g *T, gRow int, a *T, aRow int, x *T, xRow int, inv *T, l1, floor T, last int) (change float64) {
	var sums [genericStrip]T
	acc := sums[:last]
	for k := k0; k < k1; k++ {
		f := *behind(inv, k)
		if f == 0 {
			continue
		}
		for j, v := range unsafe.Slice(behind(a, k*aRow), last) {
			acc[j] = v - l1
		}
		subtractRows(acc, 0, k, behind(g, k*gRow), 1, x, xRow)
		subtractRows(acc, k+1, r, behind(g, k*gRow), 1, x, xRow)
		row := unsafe.Slice(behind(x, k*xRow), last)
		for j, v := range acc {
			v = max(v*f, floor)
			d := float64(v - row[j])
			change += float64(d * d)
			row[j] = v
		}
	}
	return change
}

func solveGeneric[T Float](k0, k1 int, l *T, lRow, lCol int, x *T, xRow int, inv *T, invStep, last int) {
	for k := k0; k < k1; k++ {
		row := unsafe.Slice(behind(x, k*xRow), last)
		subtractRows(row, 0, k, behind(l, k*lRow), lCol, x, xRow)
		f := *behind(inv, k*invStep)
		for j := range row {
			row[j] *= f
		}
	}
}

// subtractRows subtracts the rows s … end-1 of x, each times its coefficient,
// from y.
func subtractRows[T Float](y []T, s, end int, l *T, lCol int, x *T, xRow int) {
	row := func(s int) []T { return unsafe.Slice(behind(x, s*xRow), len(y)) }
	for ; s+4 <= end; s += 4 {
		axpy4Generic(-*behind(l, s*lCol), -*behind(l, (s+1)*lCol), -*behind(l, (s+2)*lCol), -*behind(l, (s+3)*lCol),
			row(s), row(s+1), row(s+2), row(s+3), y)
	}
	for ; s < end; s++ {
		axpyGeneric(-*behind(l, s*lCol), row(s), y)
	}
}

// behind is the address o elements behind p, or before it.
func behind[T Float](p *T, o int) *T {
	return (*T)(unsafe.Add(unsafe.Pointer(p), o*SizeOf[T]()))
}
