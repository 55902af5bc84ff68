package matrix

import (
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
)

// General returns m as gonum's blas64.General, sharing memory.
func General(m *Dense[float64]) blas64.General {
	m.checkFields("General")
	return blas64.General(*m)
}

// FromGeneral returns g as a Dense, sharing memory.
func FromGeneral(g blas64.General) *Dense[float64] {
	d := Dense[float64](g)
	d.checkFields("FromGeneral")
	return &d
}

// ToMat returns m as a *mat.Dense, sharing memory.
func ToMat(m *Dense[float64]) *mat.Dense {
	var d mat.Dense
	d.SetRawMatrix(General(m))
	return &d
}

// FromMat returns d as a Dense, sharing memory.
func FromMat(d *mat.Dense) *Dense[float64] {
	if d == nil {
		fail("FromMat", "a matrix is nil")
	}
	return FromGeneral(d.RawMatrix())
}

// From brings in any mat.Matrix. A matrix that can show its memory
// (mat.RawMatrixer) is shared, any other is copied element by element.
func From(a mat.Matrix) *Dense[float64] {
	if d, ok := a.(*mat.Dense); a == nil || ok && d == nil {
		fail("From", "a matrix is nil")
	}
	if r, ok := a.(mat.RawMatrixer); ok {
		return FromGeneral(r.RawMatrix())
	}
	rows, cols := a.Dims()
	m := New[float64](rows, cols)
	for i := 0; i < rows; i++ {
		row := m.Row(i)
		for j := range row {
			row[j] = a.At(i, j)
		}
	}
	return m
}
