package synth

import (
	"polyad/asm"
	"polyad/internal/fitting"
	"polyad/matrix"
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
func (m *CPModel[T]) Reconstruct() *tensor.Dense[float64] {
	wide := tensor.CP[float64]{Factors: widened(m.Factors)}
	for _, w := range m.Weights {
		wide.Weights = append(wide.Weights, float64(w))
	}
	return wide.Reconstruct(nil)
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

// Reconstruct returns the array in float64.
func (m *TuckerModel[T]) Reconstruct() *tensor.Dense[float64] {
	core := matrix.Convert[float64](matrix.Of(1, m.Core.Len(), m.Core.Contiguous().Data))
	wide := tensor.Tucker[float64]{Core: tensor.Of(core.Data, m.Core.Shape...), Factors: widened(m.Factors)}
	return wide.Reconstruct(nil)
}

// widened returns the matrices in float64.
func widened[T asm.Float](f []*matrix.Dense[T]) (wide []*matrix.Dense[float64]) {
	for _, x := range f {
		wide = append(wide, matrix.Convert[float64](x))
	}
	return wide
}

// save puts the files of a model into a folder.
func save[T asm.Float](dir, name string, t *tensor.Dense[T], factors []*matrix.Dense[T]) error {
	return fitting.SaveParts(dir, nil, nil, append([]fitting.Part[T]{{Name: name, Array: t}}, fitting.Factors(factors)...))
}
