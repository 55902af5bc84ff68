package nmf

import (
	"math"

	"polyad/asm"
	"polyad/internal/data"
	"polyad/internal/fitting"
	"polyad/internal/nnls"
	"polyad/internal/par"
	"polyad/matrix"
)

// SPA is the start by successive projection (U. Saeys Araújo et al., The
// successive projections algorithm, Chemometrics 57, 2001; N. Gillis, S. Vavasis,
// Fast and robust recursive algorithms for separable nonnegative matrix
// factorization, IEEE TPAMI 36, 2014). W is r columns of the data: with all
// columns divided by their sums,
//
//	j ← argmax ‖x_j‖,  X ← (I - x_j·x_jᵀ/‖x_j‖²)·X,   r times.
//
// H then minimizes the Frobenius loss exactly ([nnls.BPP]). When every column of
// the data is a mixture of r of them, that is the factorization. W is then
// divided, and H multiplied, by the power of two that brings both to the same
// size, as [NNDSVD] has it: 1 for data whose mean is from ½ to 2.
//
// Where entries are filled in or raised to a floor, every component is divided and
// multiplied by a power of two of its own: else a column of tiny numbers would have
// a huge row of H, and raised entries times that would be anything.
//
// Components beyond the rank of the data get small random entries, determined by
// Options.Seed. For [MU], under which zeros would stay, zeros become a hundredth
// of the mean of the data, in those units. The cost is 8·r flops for each entry
// of the data, and the least squares.
type SPA struct{}

func (SPA) start() {}

// String returns "spa".
func (SPA) String() string { return "spa" }

// spa makes the start for data v, and a model in their units; fill says whether
// zeros are filled in, and floored that entries will be raised to a floor.
func spa[T asm.Float](v data.Matrix[T], rank int, fill, floored bool, seed uint64, scale float64, pool *par.Pool) *Model[T] {
	m, n := v.Dims()
	op := v.Operator(pool)
	picked := successive(v, op, rank)
	k := len(picked)
	unit, mean := units(v, scale)
	model := &Model[T]{W: matrix.New[T](m, rank), H: matrix.New[T](rank, n)}
	if k > 0 {
		choose, w, vw := matrix.New[T](n, k), matrix.New[T](m, k), matrix.New[T](n, k)
		for q, j := range picked {
			choose.Set(j, q, 1)
		}
		op.MulTo(w, choose)
		op.TMulTo(vw, w)
		gram := matrix.New[float64](k, k)
		matrix.Gram(pool, gram, w, false)
		h := matrix.New[T](k, n)
		if b, err := nnls.NewBPP[T](k, n, nil, pool.Workers()); err == nil { // only penalties are refused
			b.SetGram(gram)
			b.Solve(pool, h, vw.Transpose())
		}
		fitting.Rescale(w.Data, 1/unit)
		for i, x := range h.Data {
			h.Data[i] = above(x*T(unit), 1e-6*unit)
		}
		model.W.View(0, 0, m, k).Copy(w)
		model.H.View(0, 0, k, n).Copy(h)
	}
	if fill || floored {
		for q := range k {
			sameSize(model, q)
		}
	}
	if fill {
		for _, f := range []*matrix.Dense[T]{model.W, model.H} {
			for i, x := range f.Data {
				if x == 0 {
					f.Data[i] = T(mean * unit / 100)
				}
			}
		}
	}
	pad(model, k, seed, mean, unit)
	return model
}

// sameSize brings the largest entries of both parts of component q to the same size,
// up to a factor of two, by a power of two; the product stays as it is.
func sameSize[T asm.Float](m *Model[T], q int) {
	var w T
	for i := range m.W.Rows {
		w = max(w, m.W.At(i, q))
	}
	h := fitting.Largest(m.H.Row(q))
	if w == 0 || h == 0 {
		return
	}
	_, ew := math.Frexp(float64(w))
	_, eh := math.Frexp(h)
	e := (eh - ew) / 2
	for i := range m.W.Rows {
		m.W.Set(i, q, T(math.Ldexp(float64(m.W.At(i, q)), e)))
	}
	for j, v := range m.H.Row(q) {
		m.H.Row(q)[j] = T(math.Ldexp(float64(v), -e))
	}
}

// successive returns the columns that are chosen, in their order, fewer than
// rank when the others are combinations of them. The norms of the projected
// columns are kept by Pythagoras: ‖x - u·uᵀx‖² = ‖x‖² - (uᵀx)².
func successive[T asm.Float](v data.Matrix[T], op matrix.Operator[T], rank int) (picked []int) {
	m, n := v.Dims()
	sums, norms := v.Columns()
	var largest float64
	for j, s := range sums {
		if s > 0 {
			norms[j] = norms[j] / s / s
		}
		largest = math.Max(largest, norms[j])
	}
	within := 64 * 0x1p-52 * largest
	if asm.SizeOf[T]() == 4 {
		within = 64 * 0x1p-23 * largest
	}
	unit, column := matrix.New[T](n, 1), matrix.New[T](m, 1)
	var basis [][]float64
	for len(picked) < min(rank, m, n) {
		best := 0
		for j, s := range norms {
			if s > norms[best] {
				best = j
			}
		}
		if !(norms[best] > within) {
			break
		}
		unit.Data[best] = 1
		op.MulTo(column, unit)
		unit.Data[best] = 0
		u := direction(column.Data, sums[best], basis)
		if u == nil {
			norms[best] = 0
			continue
		}
		picked, basis = append(picked, best), append(basis, u)
		for i, x := range u {
			column.Data[i] = T(x)
		}
		along := matrix.New[T](n, 1)
		op.TMulTo(along, column)
		for j, p := range along.Data {
			if sums[j] > 0 {
				norms[j] -= float64(p) / sums[j] * (float64(p) / sums[j])
			}
		}
		norms[best] = 0
	}
	return picked
}

// direction returns the unit vector of what is left of a column, divided by its
// sum, when its parts along the basis are taken out, twice, because once leaves
// rounding; nil when nothing is left.
func direction[T asm.Float](column []T, sum float64, basis [][]float64) []float64 {
	ker := asm.For[float64]()
	u := make([]float64, len(column))
	for i, x := range column {
		u[i] = float64(x) / sum
	}
	for range 2 {
		for _, b := range basis {
			ker.Axpy(-ker.Dot(u, b), b, u)
		}
	}
	norm := math.Sqrt(ker.SumSquares(u))
	if !(norm > 0) {
		return nil
	}
	for i := range u {
		u[i] /= norm
	}
	return u
}
