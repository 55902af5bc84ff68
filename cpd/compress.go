package cpd

import (
	"context"
	"fmt"
	"math"
	"slices"

	"polyad/asm"
	"polyad/internal/fitting"
	"polyad/internal/hosvd"
	"polyad/internal/par"
	"polyad/loss"
	"polyad/matrix"
	"polyad/reg"
	"polyad/solver"
	"polyad/tensor"
)

// Compressed is a start that is fitted to compressed data (J. D. Carroll, S.
// Pruzansky, J. B. Kruskal, CANDELINC, Psychometrika 45, 1980; R. Bro, C. Andersson,
// Improving the speed of multiway algorithms, Chemometrics Intell. Lab. Syst. 42,
// 1998): with orthonormal U_n (I_n x J_n) that span the leading singular vectors of
// the unfoldings,
//
//	G = X ×_0 U_0ᵀ ×_1 U_1ᵀ …,   G ≈ [[A_0, A_1, …]] by extrapolated ALS,
//	F_n = U_n·A_n,
//
// from which the fit goes on with all data. Where the data have low multilinear
// rank, most of the work is done on G, which is small. Ridges do not change under
// U_n; penalties of degree 1 and nonnegativity would, so it is for the Frobenius
// loss, factors of both signs, and penalties of degree 2 without row weights.
// [Result.Compression] tells what came of it. Cost the vectors (package
// internal/hosvd), 2·|X|·J_0 flops and more for G, and for each sweep on it 2·|G|·r
// for each pass.
type Compressed struct {
	// Tol bounds what compression may leave out, relative to the norm of the data,
	// with even shares for the N modes, as this is only a start: J_n is the smallest
	// number of vectors beyond which those of its mode have at most Tol/√N of the norm,
	// but at most max(2·rank, 50), which may leave out more. At most 1, default 1e-4.
	Tol solver.Opt[float64] `json:"tol,omitzero"`
	// Ranks are the J_n, one for each mode, instead of Tol; nil: Tol says.
	Ranks []int `json:"ranks,omitzero"`
}

// Compression is what a [Compressed] start did.
type Compression struct {
	// Ranks is the shape of the core.
	Ranks []int `json:"ranks"`
	// Left is ||X - G ×_0 U_0 ×_1 U_1 …||_F / ||X||_F, the part of the data that the
	// core has not. Below the root of the precision it is not told from 0.
	Left float64 `json:"left_out"`
	// Iterations is the number of sweeps on the core, after which the model had the
	// relative error RelError for it.
	Iterations int     `json:"iterations"`
	RelError   float64 `json:"rel_error"`
}

func (Compressed) start() {}

// String returns "compressed".
func (Compressed) String() string { return "compressed" }

// checkCompressed reports options that do not go with the start.
func (o *settled) checkCompressed() error {
	a, ok := o.Init.(Compressed)
	if !ok {
		return nil
	}
	if tol := a.Tol.Or(1e-4); !(tol >= 0 && tol <= 1) {
		return fmt.Errorf("cpd: %w: the tolerance of the compression is %v, must be from 0 to 1", ErrOption, tol)
	}
	if a.Ranks != nil {
		if a.Tol.IsSet() {
			return fmt.Errorf("cpd: %w: ranks and a tolerance both say how far to compress; leave one of them out", ErrOption)
		}
		if len(a.Ranks) != len(o.shape) {
			return fmt.Errorf("cpd: %w: %d ranks of the compression for data of the shape %v; give one for each mode", ErrOption, len(a.Ranks), o.shape)
		}
		for n, j := range a.Ranks {
			if j < 1 || j > o.shape[n] {
				return fmt.Errorf("cpd: %w: rank %d of the compression is %d, must be from 1 to %d, the size of that mode", ErrOption, n, j, o.shape[n])
			}
		}
	}
	if o.Mask != nil {
		return fmt.Errorf("cpd: %w: data with missing entries cannot be compressed; use SVD{} or Random{}", ErrOption)
	}
	bad := o.Loss != loss.Frobenius || len(o.Nonneg) > 0
	for _, p := range o.Penalty {
		bad = bad || slices.ContainsFunc(p.Active(), func(t reg.Term) bool { return t.Degree != 2 || t.Rows != nil })
	}
	if bad {
		return fmt.Errorf("cpd: %w: a compressed start is for the frobenius loss, factors of both signs and penalties of degree 2; use SVD{} or Random{}", ErrOption)
	}
	return nil
}

// compressed makes the start: the factors for x as it is; none when the limit is
// over before there is a core.
func compressed[T asm.Float](ctx context.Context, o *settled, x *tensor.Dense[T], rank int, pool *par.Pool, limit *fitting.Limit) ([]*matrix.Dense[T], *Compression, error) {
	a, core := o.Init.(Compressed), x
	tol := a.Tol.Or(1e-4) / math.Sqrt(float64(len(o.shape)))
	squares := norm2(x)
	var bases []*matrix.Dense[T]
	for mode, size := range o.shape {
		most := min(size, max(2*rank, 50))
		if a.Ranks != nil {
			most = a.Ranks[mode]
		}
		var u *matrix.Dense[T]
		ok := false
		whole := limit.Within(pool, func() {
			var values []float64
			if u, values, ok = hosvd.Leading(pool, core, mode, most, o.Seed); !ok {
				return
			}
			if a.Ranks == nil {
				u = u.View(0, 0, u.Rows, leadingCount(values, norm2(core), tol)).Clone()
			}
			core = tensor.ModeProduct(pool, core, u, mode, true)
		})
		switch {
		case !whole:
			return nil, nil, nil
		case !ok:
			return nil, nil, fmt.Errorf("cpd: %w: the singular vectors of mode %d are out of range", solver.ErrNotFinite, mode)
		}
		bases = append(bases, u)
	}
	inner := Options{Method: ALS{Extrapolate: true}, Penalty: o.Penalty, Seed: o.Seed, Workers: o.Workers,
		Run: solver.Options{MaxIter: solver.Set(1000), MaxTime: o.Run.MaxTime, Start: o.Run.Start}}
	r, err := Fit(ctx, core, rank, &inner)
	if r == nil {
		return nil, nil, err
	}
	left := squares - norm2(core)
	if left < squares*fitting.Precision[T]() {
		left = 0
	}
	report := &Compression{Ranks: core.Shape, Left: fitting.RelError(left, squares), Iterations: r.Iterations, RelError: r.RelError}
	var f []*matrix.Dense[T]
	for n, u := range bases {
		m := matrix.New[T](u.Rows, rank)
		matrix.Gemm(pool, false, false, 1, u, r.Factors[n], 0, m)
		f = append(f, m)
	}
	return f, report, nil
}

// norm2 returns ||x||².
func norm2[T asm.Float](x *tensor.Dense[T]) float64 {
	return matrix.Inner(matrix.Of(1, len(x.Data), x.Data), matrix.Of(1, len(x.Data), x.Data))
}

// leadingCount returns how many singular values leave a rest of at most tol times
// the norm, at least one.
func leadingCount(values []float64, squares, tol float64) int {
	rest := squares
	for k, v := range values {
		if k > 0 && rest <= tol*tol*squares {
			return k
		}
		rest -= v * v
	}
	return len(values)
}
