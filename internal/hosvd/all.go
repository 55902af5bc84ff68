package hosvd

import (
	"polyad/asm"
	"polyad/internal/par"
	"polyad/matrix"
	"polyad/tensor"
)

// All returns all k = min(I_n, |X|/I_n) left singular vectors (I_n x k) and
// singular values of the mode-n unfolding of x, as [Leading] does. By the Gram
// matrix, or when orthogonal is set by the triangle of a QR factorization,
//
//	X_(n)ᵀ = Q·R,  Rᵀ = U·S·Vᵀ,  X_(n) = U·S·(Q·V)ᵀ,
//
// which does not square the singular values and so keeps the small ones' digits.
// Cost |X|·I_n flops and about 9·I_n³, or 6·|X|·I_n flops, about 20·I_n³ and a copy
// of x.
func All[T asm.Float](p *par.Pool, x *tensor.Dense[T], mode int, orthogonal bool) (u *matrix.Dense[T], s []float64, ok bool) {
	x = x.Contiguous()
	l, size, r := x.Split(mode)
	if !orthogonal && size <= l*r {
		wide, s, ok := matrix.GramSVD(Gram(p, x, mode), size)
		if !ok {
			return nil, nil, false
		}
		return matrix.Convert[T](wide), s, true
	}
	tall := matrix.New[T](l*r, size)
	for i := range l {
		part := matrix.Of(size, r, x.Data[i*size*r:(i+1)*size*r])
		part.TransposeTo(tall.View(i*r, 0, r, size))
	}
	var left *matrix.Dense[float64]
	if size <= l*r {
		var tri *matrix.Dense[float64]
		if tri, ok = matrix.QR(p, tall); !ok {
			return nil, nil, false
		}
		left, s, _, ok = matrix.ThinSVD(p, tri.Transpose())
	} else {
		left, s, _, ok = matrix.ThinSVD(p, tall.Transpose())
	}
	if !ok {
		return nil, nil, false
	}
	return matrix.Convert[T](left), s, true
}
