package synth

import (
	"fmt"
	"os"
	"path/filepath"

	"polyad/asm"
	"polyad/matrix"
	"polyad/ndio"
	"polyad/tensor"
)

// CPModel is the model X = Σ_q w_q · a_q ∘ b_q ∘ …, with factors I_n x r.
type CPModel[T asm.Float] struct {
	Weights []T
	Factors []*matrix.Dense[T]
}

// Save writes weights.npy and factor_0.npy … into the folder dir, which is made
// when it is missing.
func (m *CPModel[T]) Save(dir string) error {
	return save(dir, "weights.npy", tensor.Of(m.Weights, len(m.Weights)), m.Factors)
}

// Reconstruct returns the array in float64.
//
// The modes are split in two groups, X as a matrix of those before the split
// by those behind it being
//
//	X = KR(first group)·diag(w)·KR(second group)ᵀ
//
// with Khatri-Rao products whose last mode runs fastest. The split is the one
// that makes these smallest. Cost 2·r·ΠI_n flops.
func (m *CPModel[T]) Reconstruct() *tensor.Dense[float64] {
	shape := make([]int, len(m.Factors))
	for i, f := range m.Factors {
		shape[i] = f.Rows
	}
	x := tensor.New[float64](shape...)
	if x.Len() == 0 {
		return x
	}
	split, rows, cols := 0, 0, x.Len()
	for i, left := 1, 1; i < len(shape); i++ {
		left *= shape[i-1]
		if right := x.Len() / left; split == 0 || left+right < rows+cols {
			split, rows, cols = i, left, right
		}
	}
	a, b := khatriRao(m.Factors[:split]), khatriRao(m.Factors[split:])
	for i := range a.Rows {
		for q, v := range a.Row(i) {
			a.Row(i)[q] = v * float64(m.Weights[q])
		}
	}
	matrix.Gemm(nil, false, true, 1, a, b, 0, matrix.Of(rows, cols, x.Data))
	return x
}

// khatriRao returns the columnwise Kronecker products of the factors' columns,
// ΠI_n x r.
func khatriRao[T asm.Float](f []*matrix.Dense[T]) *matrix.Dense[float64] {
	p := matrix.Convert[float64](f[0])
	for _, b := range f[1:] {
		next := matrix.New[float64](p.Rows*b.Rows, p.Cols)
		for i := range p.Rows {
			for j := range b.Rows {
				row := next.Row(i*b.Rows + j)
				for q, v := range b.Row(j) {
					row[q] = p.Row(i)[q] * float64(v)
				}
			}
		}
		p = next
	}
	return p
}

// TuckerModel is the model X = G ×₀ A ×₁ B …, with factors I_n x R_n.
type TuckerModel[T asm.Float] struct {
	Core    *tensor.Dense[T]
	Factors []*matrix.Dense[T]
}

// Save writes core.npy and factor_0.npy … into the folder dir, which is made
// when it is missing.
func (m *TuckerModel[T]) Save(dir string) error {
	return save(dir, "core.npy", m.Core, m.Factors)
}

// Reconstruct returns the array in float64. Each step takes the first mode of
// what there is, the R_n rows of a matrix C, and appends it with its full size
// as the last one,
//
//	C (R_n x rest) → Cᵀ·A_nᵀ (rest x I_n)
//
// so that after all modes they are in order again.
func (m *TuckerModel[T]) Reconstruct() *tensor.Dense[float64] {
	shape := make([]int, len(m.Factors))
	c := matrix.Convert[float64](matrix.Of(1, m.Core.Len(), m.Core.Contiguous().Data))
	for i, f := range m.Factors {
		shape[i] = f.Rows
		rest := len(c.Data) / f.Cols
		next := matrix.New[float64](rest, f.Rows)
		matrix.Gemm(nil, true, true, 1, matrix.Of(f.Cols, rest, c.Data), matrix.Convert[float64](f), 0, next)
		c = next
	}
	return tensor.Of(c.Data, shape...)
}

// save writes the files of a model folder.
func save[T asm.Float](dir, name string, t *tensor.Dense[T], factors []*matrix.Dense[T]) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	if err := ndio.WriteFile(filepath.Join(dir, name), t); err != nil {
		return err
	}
	for i, f := range factors {
		if err := ndio.WriteFile(filepath.Join(dir, fmt.Sprintf("factor_%d.npy", i)), tensor.FromMatrix(f)); err != nil {
			return err
		}
	}
	return nil
}
