package data

import (
	"slices"

	"polyad/asm"
	"polyad/internal/par"
	"polyad/loss"
	"polyad/matrix"
	"polyad/tensor"
)

// DenseTucker is a dense array in memory, times a scale that is a power of two and
// with a floor. Its projections are those of [projections], its passes for a divergence
// those of [tuckerSplit], and errors of complete data come from [Residual].
type DenseTucker[T asm.Float] struct {
	pool  *par.Pool
	x     *tensor.Dense[T] // contiguous; scaled, and a copy where entries are missing, for projections
	scale T                // by which x is yet to be multiplied
	kind  TuckerKind
	stats Stats

	projections *projections[T] // nil: not asked for yet
	residual    *Residual[T]    // of complete data, or what fills in x; nil without projections
	missing     *matrix.Mask    // I_0 rows; nil: no entry is missing
	split       *tuckerSplit[T] // nil: there are projections, and all entries
}

// TuckerKind says what fits of Tucker models ask of their data.
type TuckerKind struct {
	// Ranks is the shape of the core; nil: it is not known yet, for projections of
	// complete data.
	Ranks []int
	// Alone marks modes without a factor, not all of them, Fixed those whose factor
	// never changes; nil: none.
	Alone, Fixed []bool
	// Projections says that Project will be asked for, else Quotients and
	// CoreQuotients.
	Projections bool
	// Mask says which entries are observed, one at least; nil: all.
	Mask *tensor.Mask
}

// NewTucker returns x times scale as data, entries of x below floor raised to it where
// floor > 0 and there are no projections. x is not empty and never written; it is copied
// when it is not contiguous, and for projections when scale is not 1, as sums of
// products may leave the range of T, or entries are missing.
func NewTucker[T asm.Float](pool *par.Pool, x *tensor.Dense[T], kind TuckerKind, scale, floor float64) *DenseTucker[T] {
	split := 0
	if kind.Ranks != nil {
		split = leastWork[T](x.Shape, kind.Ranks, kind.Alone)
	}
	return newTucker(pool, x, kind, split, scale, floor)
}

// newTucker is NewTucker with the mode that the passes go along.
func newTucker[T asm.Float](pool *par.Pool, x *tensor.Dense[T], kind TuckerKind, split int, scale, floor float64) *DenseTucker[T] {
	d := &DenseTucker[T]{pool: pool, x: x.Contiguous(), scale: T(scale), kind: kind}
	if kind.Projections && (scale != 1 || kind.Mask != nil) {
		if d.x == x {
			d.x = x.Clone()
		}
		d.multiply(d.x.Data)
		d.scale, scale = 1, 1
	}
	if !kind.Projections || kind.Mask != nil {
		d.split = newTuckerSplit(pool, d.x, kind.Mask, kind.Ranks, split, scale, floor)
		d.stats = d.split.flat.Stats()
	} else {
		d.stats = NewDense(matrix.Of(1, len(d.x.Data), d.x.Data), 1, 0, 1).Stats()
	}
	if kind.Projections {
		d.residual = NewResidual(pool, d.x)
		if kind.Mask != nil {
			d.missing = kind.Mask.Matrix(d.x.Shape[0], len(d.x.Data)/d.x.Shape[0])
			d.fillMean(d.x)
		}
	}
	return d
}

// multiply multiplies numbers by what is left of the scale.
func (d *DenseTucker[T]) multiply(x []T) {
	if d.scale == 1 {
		return
	}
	for i := range x {
		x[i] *= d.scale
	}
}

// fillMean sets the missing entries of an array of the data's shape to the mean of the
// observed ones.
func (d *DenseTucker[T]) fillMean(x *tensor.Dense[T]) {
	mean := T(d.stats.Mean())
	for i := range x.Data {
		if d.kind.Mask.Bits[i/64]>>(i%64)&1 == 0 {
			x.Data[i] = mean
		}
	}
}

// Shape returns the sizes of the modes.
func (d *DenseTucker[T]) Shape() []int { return d.x.Shape }

// Stats returns the sums over the scaled data; all but Squares with the floor.
func (d *DenseTucker[T]) Stats() Stats { return d.stats }

// ReduceFloat64 does nothing: all entries are here.
func (d *DenseTucker[T]) ReduceFloat64([]float64) {}

// Changed drops the products that a factor, or the core, is part of.
func (d *DenseTucker[T]) Changed(mode int) {
	if d.projections != nil && mode < len(d.x.Shape) {
		d.projections.changed(mode)
	}
	if d.split != nil {
		d.split.changed(mode)
	}
}

// Scaled scales the projections that a factor is part of.
func (d *DenseTucker[T]) Scaled(mode int, s []float64) {
	if d.projections != nil {
		d.projections.scaled(mode, s)
	}
	if d.split != nil {
		d.split.changed(mode)
	}
}

// Reset drops all products.
func (d *DenseTucker[T]) Reset() {
	if d.projections != nil {
		d.projections.reset()
	}
	if d.split != nil {
		d.split.reset()
	}
}

// Fill takes the entries of the model where entries are missing, for Project.
func (d *DenseTucker[T]) Fill(m tensor.Tucker[T]) {
	if d.missing == nil {
		return
	}
	d.residual.Fill(m, d.missing)
	if d.projections != nil {
		d.projections.forget()
	}
}

// Project returns what is left of the data along the factors of all modes but one.
func (d *DenseTucker[T]) Project(mode int, f []*matrix.Dense[T]) *tensor.Dense[T] {
	if d.projections == nil {
		ranks := slices.Clone(d.x.Shape)
		for n, u := range f {
			if u != nil {
				ranks[n] = u.Cols
			}
		}
		d.projections = newProjections(d.pool, d.x, ranks, d.kind.Alone, d.kind.Fixed)
	}
	return d.projections.product(mode, f)
}

// Quotients makes a pass.
func (d *DenseTucker[T]) Quotients(num, den *matrix.Dense[T], l loss.Loss, mode int, m tensor.Tucker[T]) {
	d.split.quotients(num, den, l, mode, m)
}

// CoreQuotients makes a pass.
func (d *DenseTucker[T]) CoreQuotients(num, den *tensor.Dense[T], l loss.Loss, m tensor.Tucker[T]) {
	d.split.coreQuotients(num, den, l, m)
}

// Loss makes a pass.
func (d *DenseTucker[T]) Loss(l loss.Loss, m tensor.Tucker[T]) (divergence, squares float64) {
	if d.split != nil {
		return d.split.loss(l, m)
	}
	squares = d.residual.Squares(m)
	return squares / 2, squares
}

// Unfoldings are those of the scaled data. Missing entries are as they were filled
// last, without projections the mean of the observed ones.
func (d *DenseTucker[T]) Unfoldings() Unfoldings[T] {
	x := d.x
	if d.scale != 1 || d.kind.Mask != nil && !d.kind.Projections {
		x = x.Clone()
		d.multiply(x.Data)
		if d.kind.Mask != nil {
			d.fillMean(x)
		}
	}
	return &denseUnfoldings[T]{pool: d.pool, x: x}
}
