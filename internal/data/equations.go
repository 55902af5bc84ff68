package data

import (
	"math/bits"

	"polyad/asm"
	"polyad/internal/par"
	"polyad/matrix"
)

// Equations are the normal equations G·x = a of one row x of a factor over the observed
// entries v_e of its slice of the data: with k_e the rows of the Khatri-Rao product of
// the other factors that belong to them
//
//	G = Σ_e k_e·k_eᵀ,   a = Σ_e v_e·k_e.
//
// They are valid until who is given them returns.
type Equations struct {
	Row, Worker int
	Observed    int // entries
	G           *matrix.Dense[float64]
	A           []float64
	// Typical are the mean squares of the columns of the Khatri-Rao product, so that
	// G_qq is about Observed·Typical[q].
	Typical []float64
}

// equations makes the normal equations of all rows of a factor, one after the other,
// rows being shared out among the workers. A row costs r² + N·r flops for each of its
// observed entries.
type equations[T asm.Float] struct {
	flat  *Dense[T]
	shape []int
	f     []*matrix.Dense[T]
	mode  int
	do    func(Equations)

	typical []float64
	work    []equationsWork[T] // per worker
}

// equationsRows is how many rows of the Khatri-Rao product are gathered at a time.
const equationsRows = 256

// equationsWork is what one worker works with.
type equationsWork[T asm.Float] struct {
	k        *matrix.Dense[T] // equationsRows x r
	view     matrix.Dense[T]  // of those that were gathered
	part, g  *matrix.Dense[float64]
	a        []float64
	gram     matrix.GramWork[T]
	gathered int
}

// run makes the equations of the factor of a mode, of data that are an array of the
// given shape, seen as a matrix.
func (e *equations[T]) run(pool *par.Pool, flat *Dense[T], shape []int, mode int, f []*matrix.Dense[T], do func(Equations)) {
	r := f[mode].Cols
	for len(e.work) < pool.Workers() {
		e.work = append(e.work, equationsWork[T]{k: matrix.New[T](equationsRows, r), part: matrix.New[float64](r, r), g: matrix.New[float64](r, r), a: make([]float64, r)})
	}
	e.flat, e.shape, e.mode, e.f, e.do = flat, shape, mode, f, do
	e.means(r)
	pool.Run(shape[mode], e)
	e.f, e.do = nil, nil
}

// means computes the mean squares.
func (e *equations[T]) means(r int) {
	if len(e.typical) != r {
		e.typical = make([]float64, r)
	}
	for q := range e.typical {
		e.typical[q] = 1
		for n, f := range e.f {
			var sum float64
			if n == e.mode {
				continue
			}
			for i := range f.Rows {
				v := float64(f.Row(i)[q])
				sum += v * v
			}
			e.typical[q] *= sum / float64(f.Rows)
		}
	}
}

// Do makes the equations of one row.
func (e *equations[T]) Do(row, worker int) {
	w := &e.work[worker]
	w.g.Zero()
	clear(w.a)
	size, behind := e.shape[e.mode], 1
	for _, n := range e.shape[e.mode+1:] {
		behind *= n
	}
	observed, cols := 0, e.flat.x.Cols
	total := e.flat.x.Rows * cols
	for first := row * behind; first < total; first += size * behind {
		for at := first; at < first+behind; {
			i, j := at/cols, at%cols
			n := min(first+behind-at, cols-j, 64-j%64) // entries of one word of the mask
			word := ^uint64(0)
			if e.flat.mask != nil {
				word = e.flat.mask.Row(i)[j/64] >> (j % 64)
			}
			x := e.flat.x.Data[i*e.flat.x.Stride+j:]
			for word &= ^uint64(0) >> (64 - n); word != 0; word &= word - 1 {
				b := bits.TrailingZeros64(word)
				e.add(w, at+b, float64(x[b]*e.flat.scale))
				observed++
			}
			at += n
		}
	}
	w.flush()
	e.do(Equations{Row: row, Worker: worker, Observed: observed, G: w.g, A: w.a, Typical: e.typical})
}

// add adds entry at of the data, with value v.
func (e *equations[T]) add(w *equationsWork[T], at int, v float64) {
	if w.gathered == equationsRows {
		w.flush()
	}
	k := w.k.Row(w.gathered)
	krRow(k, e.f, at, e.mode)
	for q, f := range k {
		w.a[q] += v * float64(f)
	}
	w.gathered++
}

// flush adds the products of the rows that were gathered.
func (w *equationsWork[T]) flush() {
	if w.gathered == 0 {
		return
	}
	w.view = matrix.Dense[T]{Rows: w.gathered, Cols: w.k.Cols, Stride: w.k.Stride, Data: w.k.Data[:w.gathered*w.k.Stride]}
	w.gram.Gram(nil, w.part, &w.view, false)
	for i, v := range w.part.Data {
		w.g.Data[i] += v
	}
	w.gathered = 0
}
