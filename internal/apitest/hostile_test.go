package apitest_test

import (
	"context"
	"reflect"
	"testing"

	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"

	"polyad/cpd"
	"polyad/internal/apitest"
	"polyad/internal/par"
	"polyad/loss"
	"polyad/matrix"
	"polyad/nmf"
	"polyad/reg"
	"polyad/solver"
	"polyad/tensor"
	"polyad/tucker"
)

// hostile returns arguments for all packages: arrays that fit each other, and arrays
// that are nil, empty, or none at all.
func hostile() *apitest.Hostile {
	h := &apitest.Hostile{Values: map[reflect.Type][]any{}, Trusts: map[string]bool{}, Draws: 400}
	h.Add(context.Background())
	h.Add((*par.Pool)(nil))
	square := matrix.Of(2, 2, []float64{2, 1, 1, 3})
	nobody := matrix.New[float64](2, 2)
	h.Add(square, nobody, matrix.New[float64](3, 2), matrix.New[float64](2, 3), matrix.New[float64](0, 2), matrix.New[float64](2, 0), &matrix.Dense[float64]{Rows: 2, Cols: 2},
		&matrix.Dense[float64]{Rows: 2, Cols: 2, Data: make([]float64, 4)}, &matrix.Dense[float64]{Rows: -1, Cols: 2}, &matrix.Dense[float64]{Rows: 2, Cols: 2, Stride: 2, Data: make([]float64, 3)},
		&matrix.Dense[float64]{Rows: 2, Cols: 2, Stride: -3, Data: make([]float64, 9)})
	h.Add(matrix.New[float32](2, 2), matrix.New[float32](3, 2), &matrix.Dense[float32]{Rows: 2, Cols: 2})
	h.Add(matrix.NewMask(2, 2), matrix.NewMask(3, 2), &matrix.Mask{Rows: 2, Cols: 2}, &matrix.Mask{Rows: -1, Cols: 2}, &matrix.Mask{Rows: 2, Cols: 70, Bits: make([]uint64, 2)})
	h.Add(matrix.AsOperator[float64](nil, square))
	x := tensor.New[float64](2, 2, 2)
	for i := range x.Data {
		x.Data[i] = float64(i + 1)
	}
	h.Add(x, tensor.New[float64](2, 3, 2), tensor.New[float64](2, 2), tensor.New[float64](2, 0, 2), tensor.New[float64](), &tensor.Dense[float64]{Shape: []int{2, 2, 2}},
		&tensor.Dense[float64]{Shape: []int{2, 2, 2}, Data: make([]float64, 8)}, &tensor.Dense[float64]{Shape: []int{2, 2, 2}, Strides: []int{4, 2, 1}, Data: make([]float64, 5)},
		&tensor.Dense[float64]{Shape: []int{2, -1}, Strides: []int{1, 1}}, &tensor.Dense[float64]{Shape: []int{2, 2}, Strides: []int{-2, 1}, Data: make([]float64, 4)}, &tensor.Dense[float64]{Strides: []int{1}, Data: make([]float64, 1)})
	h.Add(tensor.NewMask(2, 2, 2), tensor.NewMask(2, 3), &tensor.Mask{Shape: []int{2, 2, 2}}, &tensor.Mask{Shape: []int{-1}})
	h.Add([]*matrix.Dense[float64]{square, square, square}, []*matrix.Dense[float64]{square, nil, square}, []*matrix.Dense[float64]{square, square})
	h.Add([]int{2, 2, 2}, []int{0, 1, 2})
	return h
}

func TestMatrixTakesAnything(t *testing.T) {
	h := hostile()
	for _, name := range []string{"Dense.Row", "Mask.Row", "GramWork.Do"} { // they check no index, so that they are inlined
		h.Trusts[name] = true
	}
	h.Add(mat.NewDense(2, 2, nil), &mat.Dense{})
	h.Add(blas64.General{Rows: 2, Cols: 2, Stride: 2, Data: make([]float64, 4)}, blas64.General{Rows: 2, Cols: 2}, blas64.General{Rows: -1})
	h.Add(matrix.NewSPD[float64](2))
	h.Package(t, "matrix", map[string]any{
		"Cholesky": matrix.Cholesky[float64], "New": matrix.New[float64], "Of": matrix.Of[float64], "Convert": matrix.Convert[float32, float64], "Gemm": matrix.Gemm[float64],
		"General": matrix.General, "FromGeneral": matrix.FromGeneral, "ToMat": matrix.ToMat, "FromMat": matrix.FromMat, "From": matrix.From, "Gram": matrix.Gram[float64],
		"GramStack": matrix.GramStack[float64], "Inner": matrix.Inner[float64, float32], "Sum": matrix.Sum[float64], "NewMask": matrix.NewMask, "MaskOf": matrix.MaskOf[float64], "MaskNaN": matrix.MaskNaN[float64],
		"AsOperator": matrix.AsOperator[float64], "QR": matrix.QR[float64], "NewSPD": matrix.NewSPD[float64], "SVD": matrix.SVD[float64], "ThinSVD": matrix.ThinSVD[float64], "EigenSym": matrix.EigenSym[float64],
		"GramSVD": matrix.GramSVD, "FixSigns": matrix.FixSigns[float64], "TriSolve": matrix.TriSolve[float64], "CholeskySolve": matrix.CholeskySolve[float64],
	}, []any{&matrix.Dense[float64]{}, &matrix.Mask{}, matrix.Error{}, &matrix.GramWork[float64]{}, &matrix.QRWork[float64]{}, &matrix.SPD[float64]{}}, nil)
}

func TestTensorTakesAnything(t *testing.T) {
	h := hostile()
	for _, name := range []string{"Mask.Word"} {
		h.Trusts[name] = true
	}
	h.Modest = map[string]bool{"CPTiles.Set": true, "TuckerTiles.Set": true, "NewTree": true}
	f := matrix.Of(2, 2, []float64{2, 1, 1, 3})
	all := []*matrix.Dense[float64]{f, f, f}
	h.Add(tensor.CP[float64]{Factors: all}, tensor.CP[float64]{Weights: []float64{1, 2}, Factors: all}, tensor.CP[float64]{Weights: []float64{1}, Factors: all}, tensor.CP[float64]{Factors: []*matrix.Dense[float64]{f, nil}})
	h.Add(tensor.Tucker[float64]{Core: tensor.New[float64](2, 2, 2), Factors: all}, tensor.Tucker[float64]{Core: tensor.New[float64](2, 2, 2), Factors: []*matrix.Dense[float64]{nil, nil, nil}},
		tensor.Tucker[float64]{Core: tensor.New[float64](2, 2, 2)}, tensor.Tucker[float64]{Factors: all}, tensor.Tucker[float64]{Core: &tensor.Dense[float64]{Shape: []int{2, 2, 2}}, Factors: all})
	h.Add(tensor.NewTree[float64]([]int{2, 2, 2}, 2))
	var tiles tensor.CPTiles[float64]
	tiles.Set(tensor.CP[float64]{Factors: all}, 1)
	h.Add(&tiles)
	var blocks tensor.TuckerTiles[float64]
	blocks.Set(tensor.Tucker[float64]{Core: tensor.New[float64](2, 2, 2), Factors: all}, 1)
	h.Add(&blocks)
	h.Package(t, "tensor", map[string]any{
		"New": tensor.New[float64], "Of": tensor.Of[float64], "Elements": tensor.Elements, "KhatriRao": tensor.KhatriRao[float64], "HadamardGram": tensor.HadamardGram, "NewMask": tensor.NewMask,
		"MaskOf": tensor.MaskOf[float64], "MaskNaN": tensor.MaskNaN[float64], "MTTKRP": tensor.MTTKRP[float64], "MultiModeProduct": tensor.MultiModeProduct[float64], "MultiModeProductTo": tensor.MultiModeProductTo[float64],
		"NewTree": tensor.NewTree[float64], "ModeProduct": tensor.ModeProduct[float64], "ModeProductTo": tensor.ModeProductTo[float64], "Fold": tensor.Fold[float64], "FromMatrix": tensor.FromMatrix[float64],
	}, []any{&tensor.Dense[float64]{}, &tensor.Mask{}, tensor.Error{}, &tensor.Work[float64]{}, &tensor.Tree[float64]{}, &tensor.CPTiles[float64]{}, &tensor.TuckerTiles[float64]{}, tensor.CP[float64]{}, tensor.Tucker[float64]{}}, nil)
}

// formats are the methods for JSON, texts and logs, which a test of their own calls.
func formats(h *apitest.Hostile, types ...string) {
	for _, of := range types {
		for _, m := range []string{"MarshalJSON", "UnmarshalJSON", "MarshalText", "UnmarshalText", "LogValue", "String"} {
			h.Trusts[of+"."+m] = true
		}
	}
}

// few lets fits of hostile options end soon.
var few = solver.Options{MaxIter: solver.Set(2)}

func TestNMFTakesAnything(t *testing.T) {
	h := hostile()
	h.Draws = 60
	dir := t.TempDir()
	h.Add("nonsense")
	w := matrix.Of(2, 2, []float64{2, 1, 1, 3})
	m := &nmf.Model[float64]{W: w, H: w.Clone()}
	bad := []*nmf.Model[float64]{m, {}, {W: w}, {H: w}, {W: matrix.New[float64](2, 3), H: w}, {W: &matrix.Dense[float64]{Rows: 2, Cols: 2}, H: w}, {W: w, H: &matrix.Dense[float64]{Rows: 2, Cols: 2}}}
	for _, b := range bad {
		h.Add(b)
	}
	h.Add(&nmf.Result[float64]{Model: m}, &nmf.Result[float64]{}, &nmf.Result[float64]{Model: bad[1]})
	h.Add(&nmf.Options{Run: few}, &nmf.Options{Run: few, Init: (*nmf.Model[float64])(nil)}, &nmf.Options{Run: few, Init: (*nmf.Result[float64])(nil)}, &nmf.Options{Run: few, Init: bad[2]}, &nmf.Options{Run: few, Init: bad[5]},
		&nmf.Options{Run: few, Method: (*nmf.HALS)(nil)}, &nmf.Options{Run: few, Mask: &matrix.Mask{Rows: 2, Cols: 2}}, &nmf.Options{Run: few, HoldW: []int{5}}, &nmf.Options{Run: few, W: reg.Penalty{{}}},
		&nmf.Options{Run: few, Loss: loss.KL, Init: &nmf.Result[float64]{}})
	masks, err := m.SoftMasks(2)
	if err != nil {
		t.Fatal(err)
	}
	h.Add(masks)
	formats(h, "Options", "Result", "Fill", "NNDSVD", "Norm", "Balance", "Order", "HALS", "MU", "ANLS", "ALS", "Random", "SPA")
	t.Chdir(dir)
	h.Package(t, "nmf", map[string]any{"Fit": nmf.Fit[float64], "ParseMethod": nmf.ParseMethod, "ParseStart": nmf.ParseStart, "DefaultMethod": nmf.DefaultMethod, "Load": nmf.Load[float64]},
		[]any{m, &nmf.Result[float64]{}, &nmf.Masks{}, &nmf.Options{}, new(nmf.Fill), &nmf.NNDSVD{}, new(nmf.Norm), new(nmf.Balance), new(nmf.Order), &nmf.HALS{}, &nmf.MU{}, &nmf.ANLS{}, &nmf.ALS{}, &nmf.Random{}, &nmf.SPA{}}, nil)
}

func TestCPDTakesAnything(t *testing.T) {
	h := hostile()
	h.Draws = 60
	h.Add("nonsense")
	f := matrix.Of(2, 2, []float64{2, 1, 1, 3})
	all := []*matrix.Dense[float64]{f, f.Clone(), f.Clone()}
	m := &cpd.Model[float64]{Factors: all}
	bad := []*cpd.Model[float64]{m, {Weights: []float64{1, 2}, Factors: all}, {}, {Weights: []float64{1}, Factors: all}, {Factors: []*matrix.Dense[float64]{f, nil, f}}, {Factors: []*matrix.Dense[float64]{f}},
		{Factors: []*matrix.Dense[float64]{f, matrix.New[float64](2, 3), f}}, {Factors: []*matrix.Dense[float64]{{Rows: 2, Cols: 2}, f, f}}}
	for _, b := range bad {
		h.Add(b)
	}
	h.Add(&cpd.Result[float64]{Model: m}, &cpd.Result[float64]{}, &cpd.Result[float64]{Model: bad[2]}, &cpd.Result[float64]{Model: bad[4]})
	h.Add(cpd.SVD{})
	h.Add(&cpd.Options{Run: few}, &cpd.Options{Run: few, Init: (*cpd.Model[float64])(nil)}, &cpd.Options{Run: few, Init: (*cpd.Result[float64])(nil)}, &cpd.Options{Run: few, Init: bad[4]}, &cpd.Options{Run: few, Init: bad[7]},
		&cpd.Options{Run: few, Method: (*cpd.HALS)(nil)}, &cpd.Options{Run: few, Mask: &tensor.Mask{Shape: []int{2, 2, 2}}}, &cpd.Options{Run: few, Fix: cpd.Modes{7}}, &cpd.Options{Run: few, Penalty: cpd.Penalties{nil, nil}},
		&cpd.Options{Run: few, Init: cpd.Compressed{Ranks: []int{1}}})
	formats(h, "Options", "Result", "Norm", "Modes", "Balance", "HALS", "MU", "ALS", "Random", "SVD", "Compressed")
	t.Chdir(t.TempDir())
	h.Package(t, "cpd", map[string]any{"Fit": cpd.Fit[float64], "ParseMethod": cpd.ParseMethod, "ParseStart": cpd.ParseStart, "DefaultMethod": cpd.DefaultMethod, "Load": cpd.Load[float64], "Each": cpd.Each},
		[]any{m, &cpd.Result[float64]{}, &cpd.Options{}, new(cpd.Norm), new(cpd.Modes), new(cpd.Balance), &cpd.HALS{}, &cpd.MU{}, &cpd.ALS{}, &cpd.Random{}, &cpd.SVD{}, &cpd.Compressed{}}, nil)
}

func TestTuckerTakesAnything(t *testing.T) {
	h := hostile()
	h.Draws = 60
	h.Add("nonsense")
	f := matrix.Of(2, 2, []float64{2, 1, 1, 3})
	core := tensor.New[float64](2, 2, 2)
	for i := range core.Data {
		core.Data[i] = float64(i + 1)
	}
	all := []*matrix.Dense[float64]{f, f.Clone(), f.Clone()}
	m := &tucker.Model[float64]{Core: core, Factors: all}
	bad := []*tucker.Model[float64]{m, {}, {Core: core}, {Factors: all}, {Core: core, Factors: all[:2]}, {Core: &tensor.Dense[float64]{Shape: []int{2, 2, 2}}, Factors: all},
		{Core: core, Factors: []*matrix.Dense[float64]{f, nil, matrix.New[float64](2, 3)}}, {Core: core, Factors: []*matrix.Dense[float64]{nil, nil, nil}}, {Core: core, Factors: []*matrix.Dense[float64]{{Rows: 2, Cols: 2}, f, f}}}
	for _, b := range bad {
		h.Add(b)
	}
	h.Add(&tucker.Result[float64]{Model: m}, &tucker.Result[float64]{}, &tucker.Result[float64]{Model: bad[1]}, &tucker.Result[float64]{Model: bad[4]})
	h.Add(&tucker.HOSVDResult[float64]{Model: m}, &tucker.HOSVDResult[float64]{})
	h.Add(tucker.SVD{})
	h.Add(&tucker.Options{Run: few}, &tucker.Options{Run: few, Init: (*tucker.Model[float64])(nil)}, &tucker.Options{Run: few, Init: (*tucker.Result[float64])(nil)}, &tucker.Options{Run: few, Init: bad[4]}, &tucker.Options{Run: few, Init: bad[5]},
		&tucker.Options{Run: few, Method: (*tucker.HALS)(nil)}, &tucker.Options{Run: few, Fix: tucker.Modes{7}}, &tucker.Options{Run: few, Factors: tucker.Penalties{nil, nil}}, &tucker.Options{Run: few, Init: &tucker.HOSVDResult[float64]{}},
		&tucker.Options{Run: few, Modes: tucker.Modes{}}, &tucker.Options{Run: few, Mask: &tensor.Mask{Shape: []int{2, 2, 2}}})
	formats(h, "Options", "Result", "Norm", "Modes", "Balance", "HALS", "MU", "HOOI", "Random", "SVD")
	t.Chdir(t.TempDir())
	h.Package(t, "tucker", map[string]any{"Fit": tucker.Fit[float64], "HOSVD": tucker.HOSVD[float64], "ParseMethod": tucker.ParseMethod, "ParseStart": tucker.ParseStart, "DefaultMethod": tucker.DefaultMethod, "Load": tucker.Load[float64], "Each": tucker.Each},
		[]any{m, &tucker.Result[float64]{}, &tucker.Options{}, new(tucker.Norm), new(tucker.Modes), new(tucker.Balance), &tucker.HALS{}, &tucker.MU{}, &tucker.HOOI{}, &tucker.Random{}, &tucker.SVD{}}, nil)
}
