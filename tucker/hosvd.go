package tucker

import (
	"context"
	"fmt"
	"slices"

	"polyad/asm"
	"polyad/internal/data"
	"polyad/internal/fitting"
	"polyad/internal/hosvd"
	"polyad/internal/par"
	"polyad/loss"
	"polyad/matrix"
	"polyad/solver"
	"polyad/tensor"
)

// HOSVDOptions say how [HOSVD] decomposes. The zero value is the documented
// default.
type HOSVDOptions struct {
	// Target is the relative error that the ranks are chosen for, instead of ranks
	// that are given: at least 1e-14, for float32 2e-6, and below 1.
	Target solver.Opt[float64] `json:"target,omitzero"`
	// Truncated projects onto singular vectors of the data along every mode, all
	// of them found before any is used. Default is the sequential variant, which
	// projects along a mode before it looks at the next one.
	Truncated bool `json:"truncated,omitzero"`
	// Modes are the modes that get a factor; default all.
	Modes Modes `json:"modes,omitzero"`
	// Workers is the largest number of goroutines that work; default GOMAXPROCS.
	// It does not change the result.
	Workers int `json:"workers,omitzero"`
}

// HOSVDResult is a model with orthonormal factors and what is known of it.
type HOSVDResult[T asm.Float] struct {
	*Model[T]
	// RelError is ||X - model||_F / ||X||_F: with a target computed directly, else
	// from the norms of data and core unless that cancels. For data that are all
	// zero it is 0.
	RelError float64
	// Values are the singular values of each mode's unfolding, of the data or, in
	// the sequential variant, of what was left of them; at least as many as the
	// rank, none for modes left alone.
	Values [][]float64
}

// HOSVD computes a truncated higher-order singular value decomposition X ≈ G ×_0
// U_0 ×_1 U_1 …: U_n (I_n x J_n) holds leading left singular vectors of the mode-n
// unfolding, and G is the data projected onto them (De Lathauwer, De Moor,
// Vandewalle 2000), sequentially unless asked otherwise (Vannieuwenhoven,
// Vandebril, Meerbergen 2012). The squared error is at most the sum of the squares
// of the singular values that are left out along all modes, and so at most N times
// that of the best model of these ranks.
//
// ranks are J_n, 0 for modes left alone; no J_n may be above I_n or the product of
// the others. With a Target leave ranks nil: of all ranks at which the error, which is
// measured, does not exceed the target they are those of the fewest stored numbers,
// core and factors together ([Model.Stored]). What the ranks leave out is taken from
// the core of an HOSVD that itself leaves out at most a thousandth of the squared
// target.
//
// Singular vectors come from Gram matrices in float64, for given ranks in modes of
// more than 400 indices from block iterations with the unfolding. For targets below
// 1e-6, of float32 data 1e-2, they come from QR factorizations of the unfoldings, as
// squaring would lose half the digits; that takes a copy of the data. Cost |X|·I_0
// flops and at most 9·I_0³ for the first mode, of the others that of what is left;
// with QR 6·|X|·I_0.
//
// Errors wrap [ErrOption], [ErrShape], [ErrRank], [ErrData] or, when the core leaves
// the range of its type, [solver.ErrNotFinite], or are the cause of the context's
// end. x is never written.
func HOSVD[T asm.Float](ctx context.Context, x *tensor.Dense[T], ranks []int, o *HOSVDOptions) (*HOSVDResult[T], error) {
	if ctx == nil {
		return nil, fmt.Errorf("tucker: %w: the context is nil; pass context.Background()", ErrOption)
	}
	if o == nil {
		o = &HOSVDOptions{}
	}
	c := tensorCheck(nil)
	if err := fitting.CheckShape(c, x); err != nil {
		return nil, err
	}
	alone, err := o.Modes.leaves(len(x.Shape))
	if err != nil {
		return nil, err
	}
	if o.Workers < 0 {
		return nil, fmt.Errorf("tucker: %w: workers is %d, must be at least 0", ErrOption, o.Workers)
	}
	target, err := checkTarget(o.Target)
	switch {
	case err != nil:
		return nil, err
	case o.Target.IsSet() && ranks != nil:
		return nil, fmt.Errorf("tucker: %w: ranks %v beside a target; give one of them", ErrOption, ranks)
	case o.Target.IsSet():
		if least := leastTarget[T](); target < least {
			return nil, fmt.Errorf("tucker: %w: the target %v is within the rounding errors of the data's type; use at least %v", ErrOption, target, least)
		}
	default:
		if ranks, err = fillRanks(x.Shape, ranks, alone); err != nil {
			return nil, err
		}
		if err = checkOrthonormal(x.Shape, ranks, alone); err != nil {
			return nil, err
		}
	}
	x = x.Contiguous()
	c.Blocks = 1
	limit := fitting.NewLimit(ctx, solver.Options{})
	largest, err := fitting.CheckEntries(c, x, limit)
	if err != nil {
		return nil, err
	}
	pool := par.New(fitting.Workers(o.Workers))
	defer pool.Close()
	scale := fitting.FactorScale[T](largest, c.Loss, 1)
	of := data.NewTucker(pool, x, data.TuckerKind{Alone: alone, Projections: true}, scale, 0)
	d := decomposition[T]{pool: pool, x: of, alone: alone, truncated: o.Truncated, values: make([][]float64, len(x.Shape)), limit: limit}
	var m *Model[T]
	whole := limit.Within(pool, func() {
		if o.Target.IsSet() {
			m, err = d.meeting(ctx, target)
		} else {
			m, err = d.ofRanks(ctx, ranks)
		}
	})
	switch {
	case !whole:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, err
	}
	all := of.Stats().Squares
	squares := all - squaresOf(m.Core)
	if o.Target.IsSet() || !(squares >= 100*fitting.LeastInner[T]()*all) { // a sum of squares in T has fewer digits
		squares = d.squares(m)
	}
	r := &HOSVDResult[T]{Model: m, RelError: fitting.RelError(squares, all), Values: d.values}
	for i := range m.Core.Data {
		m.Core.Data[i] *= T(1 / scale)
	}
	for _, s := range r.Values {
		for i := range s {
			s[i] /= scale
		}
	}
	if !m.finite() {
		return nil, fmt.Errorf("tucker: %w: the core leaves the range of its type; rescale the data", solver.ErrNotFinite)
	}
	return r, nil
}

// leastTarget is the least error that ranks can be chosen for.
func leastTarget[T asm.Float]() float64 {
	if asm.SizeOf[T]() == 4 {
		return 2e-6
	}
	return 1e-14
}

// checkTarget reports a target that is none.
func checkTarget(o solver.Opt[float64]) (float64, error) {
	target := o.Or(.5)
	if !(target > 0 && target < 1) {
		return 0, fmt.Errorf("tucker: %w: the target is %v, must be above 0 and below 1", ErrOption, target)
	}
	return target, nil
}

// decomposition is an HOSVD under way.
type decomposition[T asm.Float] struct {
	pool      *par.Pool
	x         data.Tucker[T]
	alone     []bool
	truncated bool
	seed      uint64
	values    [][]float64
	limit     *fitting.Limit

	// What the ranks for a target are chosen on: a core that leaves out little, and
	// the square of that at most.
	whole *Model[T]
	left  float64

	inside, border bool // singular values are equal, see hosvd.Tied
}

// errRange is the error for data whose products leave the range of their type.
func errRange(mode int) error {
	return fmt.Errorf("tucker: %w: the singular vectors of mode %d are out of range; rescale the data", solver.ErrNotFinite, mode)
}

// ofRanks decomposes with given ranks.
func (d *decomposition[T]) ofRanks(ctx context.Context, ranks []int) (*Model[T], error) {
	return d.project(ctx, func(x data.Unfoldings[T], n int) (u *matrix.Dense[T], ok bool) {
		var next float64
		if u, d.values[n], next, ok = x.Leading(n, ranks[n], d.seed); ok {
			inside, border := hosvd.Tied[T](d.values[n], next)
			d.inside, d.border = d.inside || inside, d.border || border
		}
		return u, ok
	})
}

// project finds the basis of every mode and projects onto them.
func (d *decomposition[T]) project(ctx context.Context, basis func(x data.Unfoldings[T], n int) (*matrix.Dense[T], bool)) (*Model[T], error) {
	m, x := &Model[T]{Factors: make([]*matrix.Dense[T], len(d.alone))}, d.x.Unfoldings()
	for n, alone := range d.alone {
		if alone {
			continue
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		u, ok := basis(x, n)
		if !ok {
			return nil, errRange(n)
		}
		m.Factors[n] = u
		if !d.truncated {
			x.Project(n, u)
		}
	}
	if m.Core = x.Rest(); d.truncated {
		d.x.Reset()
		m.Core = d.x.Project(len(m.Factors), m.Factors).Clone()
	}
	return m, nil
}

// squares returns the squared error of a model.
func (d *decomposition[T]) squares(m *Model[T]) float64 {
	_, squares := d.x.Loss(loss.Frobenius, m.Tucker())
	return squares
}

// trim leaves out last slices of the core as long as the sum of their squares is
// no more than rest, each time that which saves most.
func (m *Model[T]) trim(rest float64) {
	for {
		best, saves, costs := -1, 0, 0.0
		for n, f := range m.Factors {
			j := m.Core.Shape[n]
			if f == nil || j == 1 {
				continue
			}
			e := squaresOf(m.Core.Slice(n, j-1, j))
			if save := m.Core.Len()/j + f.Rows; e <= rest && (save > saves || save == saves && e < costs) {
				best, saves, costs = n, save, e
			}
		}
		if best < 0 {
			return
		}
		rest -= costs
		f := m.Factors[best]
		m.Factors[best] = f.View(0, 0, f.Rows, f.Cols-1).Clone()
		m.Core = m.Core.Slice(best, 0, f.Cols-1).Clone()
	}
}

// squaresOf returns ||x||².
func squaresOf[T asm.Float](x *tensor.Dense[T]) float64 {
	data := x.Contiguous().Data
	return dot(data, data)
}

// turn rotates the columns of the factors so that the slices of the core along
// each mode are orthogonal to each other and in the order of their norms, as those
// of an HOSVD are, and leaves those out that must be zero.
func (m *Model[T]) turn(pool *par.Pool) error {
	for {
		before := slices.Clone(m.Core.Shape)
		turns := make([]*matrix.Dense[T], len(m.Factors))
		for n, f := range m.Factors {
			if f == nil {
				continue
			}
			var ok bool
			if turns[n], _, ok = hosvd.All(pool, m.Core, n, true); !ok {
				return errRange(n)
			}
			to := matrix.New[T](f.Rows, turns[n].Cols)
			matrix.Gemm(pool, false, false, 1, f, turns[n], 0, to)
			m.Factors[n] = to
		}
		m.Core = tensor.MultiModeProduct(pool, m.Core, turns, true)
		if slices.Equal(before, m.Core.Shape) {
			break
		}
	}
	m.fixSigns()
	return nil
}

// fixSigns makes the first entry whose magnitude is within one percent of its
// column's largest positive, in all factors, and turns the core along.
func (m *Model[T]) fixSigns() {
	const nearTop = .99
	for n, f := range m.Factors {
		if f == nil {
			continue
		}
		for q := range f.Cols {
			var top T
			for i := range f.Rows {
				top = max(top, f.Row(i)[q], -f.Row(i)[q])
			}
			i := 0
			for max(f.Row(i)[q], -f.Row(i)[q]) < T(nearTop)*top {
				i++
			}
			if f.Row(i)[q] >= 0 {
				continue
			}
			for i := range f.Rows {
				f.Row(i)[q] = -f.Row(i)[q]
			}
			scaleSlice(m.Core, n, q, -1)
		}
	}
}

// scaleSlice multiplies a slice of the contiguous core by c.
func scaleSlice[T asm.Float](core *tensor.Dense[T], mode, q int, c float64) {
	sliceOf(core, mode, q, func(part []T) {
		for k, v := range part {
			part[k] = T(c * float64(v))
		}
	})
}

// sliceOf calls do for the parts of slice q along a mode of a contiguous core.
func sliceOf[T asm.Float](core *tensor.Dense[T], mode, q int, do func(part []T)) {
	l, size, r := core.Split(mode)
	for i := range l {
		do(core.Data[(i*size+q)*r:][:r])
	}
}
