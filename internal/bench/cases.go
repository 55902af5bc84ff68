package bench

import (
	"fmt"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"

	"polyad/asm"
	"polyad/internal/data"
	"polyad/internal/nnls"
	"polyad/internal/par"
	"polyad/loss"
	"polyad/matrix"
)

// testCase is a kernel on one shape. make allocates and returns what is timed.
type testCase[T asm.Float] struct {
	name, shape  string
	rank, mode   int
	flops, bytes float64
	writes       bool // bytes are held against the write rate
	make         func(pool *par.Pool) func()
}

// cases lists the kernels and shapes; small leaves one small shape each.
func cases[T asm.Float](small bool) (all []testCase[T]) {
	size := float64(asm.SizeOf[T]())
	cubes, talls, squares := []int{512, 1024, 2000}, [][2]int{{2000, 2000}, {10000, 1000}, {40000, 1000}}, [][2]int{{2000, 2000}}
	ranks := []int{8, 16, 32, 64}
	if small {
		cubes, talls, squares, ranks = []int{256}, [][2]int{{400, 400}}, [][2]int{{400, 400}}, []int{16}
	}
	for _, n := range cubes {
		all = append(all, gemmCase[T](n))
	}
	if !small || size == 8 {
		all = append(all, gonumCase[T](cubes[0])...)
	}
	for _, s := range talls {
		for _, r := range ranks {
			all = append(all, passCase[T]("vht", s, r, 2), passCase[T]("wtv", s, r, 2))
		}
	}
	for _, s := range squares {
		for _, r := range ranks {
			m, n := s[0], s[1]
			all = append(all, testCase[T]{name: "wh", shape: shapeOf(s), rank: r, writes: true,
				flops: 2 * float64(m) * float64(n) * float64(r), bytes: size * float64(m*n),
				make: func(pool *par.Pool) func() {
					w, h, x := ramp[T](m, r), ramp[T](r, n), matrix.New[T](m, n)
					return func() { matrix.Gemm(pool, false, false, 1, w, h, 0, x) }
				}})
		}
		for _, r := range ranks {
			if r == 8 {
				continue
			}
			all = append(all, passCase[T]("kl", s, r, 4), passCase[T]("is", s, r, 4))
		}
	}
	for _, r := range ranks {
		if r == 8 {
			continue
		}
		all = append(all, halsCase[T](r, squares[0][1]), solveCase[T](r, squares[0][1]))
	}
	for _, r := range ranks {
		m := talls[0][0]
		all = append(all, testCase[T]{name: "gram", shape: fmt.Sprintf("%dx%d", m, r), rank: r,
			flops: float64(m) * float64(r) * float64(r+1), bytes: size * float64(m*r),
			make: func(pool *par.Pool) func() {
				x, g := ramp[T](m, r), matrix.New[float64](r, r)
				return func() { matrix.Gram(pool, g, x, false) }
			}})
	}
	return append(all, tensorCases[T](small)...)
}

func shapeOf(s [2]int) string { return fmt.Sprintf("%dx%d", s[0], s[1]) }

// ramp returns a matrix of positive numbers that are not all alike.
func ramp[T asm.Float](rows, cols int) *matrix.Dense[T] {
	m := matrix.New[T](rows, cols)
	for i := range m.Data {
		m.Data[i] = T(i%1009)/1009 + .01
	}
	return m
}

func gemmCase[T asm.Float](n int) testCase[T] {
	k := float64(n)
	return testCase[T]{name: "gemm", shape: fmt.Sprintf("%dx%dx%d", n, n, n), rank: n,
		flops: 2 * k * k * k, bytes: 3 * k * k * float64(asm.SizeOf[T]()),
		make: func(pool *par.Pool) func() {
			a, b, c := ramp[T](n, n), ramp[T](n, n), matrix.New[T](n, n)
			return func() { matrix.Gemm(pool, false, false, 1, a, b, 0, c) }
		}}
}

// gonumCase is gonum's own product, for contrast; it uses all processors.
func gonumCase[T asm.Float](n int) []testCase[T] {
	c := gemmCase[T](n)
	c.name = "gonum-gemm"
	c.make = func(*par.Pool) func() {
		a, b, x := ramp[T](n, n), ramp[T](n, n), matrix.New[T](n, n)
		switch a := any(a.Data).(type) {
		case []float64:
			b, x := any(b.Data).([]float64), any(x.Data).([]float64)
			return func() { gonum.Implementation{}.Dgemm(blas.NoTrans, blas.NoTrans, n, n, n, 1, a, n, b, n, 0, x, n) }
		case []float32:
			b, x := any(b.Data).([]float32), any(x.Data).([]float32)
			return func() { gonum.Implementation{}.Sgemm(blas.NoTrans, blas.NoTrans, n, n, n, 1, a, n, b, n, 0, x, n) }
		}
		return nil
	}
	return []testCase[T]{c}
}

// passCase is a pass of a solver over the data, all row blocks of it.
func passCase[T asm.Float](name string, s [2]int, r int, flopsPerEntry float64) testCase[T] {
	m, n := s[0], s[1]
	return testCase[T]{name: name, shape: shapeOf(s), rank: r,
		flops: flopsPerEntry * float64(m) * float64(n) * float64(r), bytes: float64(asm.SizeOf[T]()) * float64(m*n),
		make: func(pool *par.Pool) func() {
			p := &pass[T]{name: name, d: data.NewDense(ramp[T](m, n), 1, 0, pool.Workers()), w: ramp[T](m, r), h: ramp[T](r, n),
				byRow: matrix.New[T](m, r)}
			if name == "wtv" {
				for range p.d.Blocks() {
					p.byColumn = append(p.byColumn, matrix.New[T](r, n))
				}
			}
			p.d.UseH(p.h)
			return func() { pool.Run(p.d.Blocks(), p) }
		}}
}

// pass is one pass as a task over row blocks.
type pass[T asm.Float] struct {
	name        string
	d           *data.Dense[T]
	w, h, byRow *matrix.Dense[T]
	byColumn    []*matrix.Dense[T]
}

// Do makes the pass over one block.
func (p *pass[T]) Do(block, worker int) {
	switch p.name {
	case "vht":
		p.d.VHt(p.byRow, block, worker, p.w, p.h)
	case "wtv":
		p.d.WtV(p.byColumn[block], block, worker, p.w, p.h)
	case "kl":
		p.d.Quotients(loss.KL, block, worker, p.w, p.h, &data.Quotients[T]{WNum: p.byRow})
	case "is":
		p.d.Quotients(loss.IS, block, worker, p.w, p.h, &data.Quotients[T]{WNum: p.byRow})
	}
}

// halsCase is one sweep over the components of a factor, in the blocks of nmf.
func halsCase[T asm.Float](r, n int) testCase[T] {
	return testCase[T]{name: "hals", shape: fmt.Sprintf("%dx%d", r, n), rank: r,
		flops: 2 * float64(r) * float64(r) * float64(n), bytes: 2 * float64(asm.SizeOf[T]()) * float64(r*n),
		make: func(pool *par.Pool) func() {
			const chunk = 512
			x, a, g := ramp[T](r, n), ramp[T](r, n), matrix.New[float64](r, r)
			matrix.Gram(nil, g, a, true)
			h, err := nnls.NewHALS(r, n, nil, T(0))
			if err != nil {
				panic(err)
			}
			h.SetGram(g)
			tmp := make([]T, chunk) // which this sweep does not need
			var xs, as []*matrix.Dense[T]
			for j := 0; j < n; j += chunk {
				w := min(chunk, n-j)
				xs, as = append(xs, x.View(0, j, r, w)), append(as, a.View(0, j, r, w))
			}
			task := &each{func(b int) { h.Sweep(xs[b], as[b], b*chunk, tmp) }}
			return func() { pool.Run(len(xs), task) }
		}}
}

// solveCase is the solution of normal equations for many right sides. The factor
// is the identity, which keeps their numbers and takes as long as any.
func solveCase[T asm.Float](r, n int) testCase[T] {
	return testCase[T]{name: "solve", shape: fmt.Sprintf("%dx%d", r, n), rank: r,
		flops: 2 * float64(r) * float64(r) * float64(n), bytes: float64(asm.SizeOf[T]()) * float64(r*n),
		make: func(pool *par.Pool) func() {
			l, b := matrix.New[T](r, r), ramp[T](r, n)
			for k := range r {
				l.Set(k, k, 1)
			}
			return func() { matrix.CholeskySolve(pool, l, false, b) }
		}}
}
