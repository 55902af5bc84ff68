//go:build !purego

package asm

import "github.com/klauspost/cpuid/v2"

//go:generate go run -C internal/gen . -family vec -level avx2 -out ../../vec_avx2_amd64.s -stubs ../../vec_avx2_amd64.go -pkg asm
//go:generate go run -C internal/gen . -family vec -level avx512 -out ../../vec_avx512_amd64.s -stubs ../../vec_avx512_amd64.go -pkg asm
//go:generate go run -C internal/gen . -family sums -level avx2 -out ../../sums_avx2_amd64.s -stubs ../../sums_avx2_amd64.go -pkg asm
//go:generate go run -C internal/gen . -family sums -level avx512 -out ../../sums_avx512_amd64.s -stubs ../../sums_avx512_amd64.go -pkg asm
//go:generate go run -C internal/gen . -family transpose -level avx2 -out ../../transpose_avx2_amd64.s -stubs ../../transpose_avx2_amd64.go -pkg asm
//go:generate go run -C internal/gen . -family transpose -level avx512 -out ../../transpose_avx512_amd64.s -stubs ../../transpose_avx512_amd64.go -pkg asm
//go:generate go run -C internal/gen . -family tile -level avx2 -out ../../tile_avx2_amd64.s -stubs ../../tile_avx2_amd64.go -pkg asm
//go:generate go run -C internal/gen . -family tile -level avx512 -out ../../tile_avx512_amd64.s -stubs ../../tile_avx512_amd64.go -pkg asm
//go:generate go run -C internal/gen . -family quot -level avx2 -out ../../quot_avx2_amd64.s -stubs ../../quot_avx2_amd64.go -pkg asm
//go:generate go run -C internal/gen . -family quot -level avx512 -out ../../quot_avx512_amd64.s -stubs ../../quot_avx512_amd64.go -pkg asm
//go:generate go run -C internal/gen . -family pow -level avx2 -out ../../pow_avx2_amd64.s -stubs ../../pow_avx2_amd64.go -pkg asm
//go:generate go run -C internal/gen . -family pow -level avx512 -out ../../pow_avx512_amd64.s -stubs ../../pow_avx512_amd64.go -pkg asm
//go:generate go run -C internal/gen . -family divergence -level avx2 -out ../../divergence_avx2_amd64.s -stubs ../../divergence_avx2_amd64.go -pkg asm
//go:generate go run -C internal/gen . -family divergence -level avx512 -out ../../divergence_avx512_amd64.s -stubs ../../divergence_avx512_amd64.go -pkg asm
//go:generate go run -C internal/gen . -family ratio -level avx2 -out ../../ratio_avx2_amd64.s -stubs ../../ratio_avx2_amd64.go -pkg asm
//go:generate go run -C internal/gen . -family ratio -level avx512 -out ../../ratio_avx512_amd64.s -stubs ../../ratio_avx512_amd64.go -pkg asm
//go:generate go run -C internal/gen . -family sweep -level avx2 -out ../../sweep_avx2_amd64.s -stubs ../../sweep_avx2_amd64.go -pkg asm
//go:generate go run -C internal/gen . -family sweep -level avx512 -out ../../sweep_avx512_amd64.s -stubs ../../sweep_avx512_amd64.go -pkg asm
//go:generate go run -C internal/gen . -family limits -level avx2 -out ../../limits_avx2_amd64.s -stubs ../../limits_avx2_amd64.go -pkg asm
//go:generate go run -C internal/gen . -family limits -level avx512 -out ../../limits_avx512_amd64.s -stubs ../../limits_avx512_amd64.go -pkg asm

// archTables returns the tables whose instructions this processor has.
func archTables() (t []*tableSet) {
	if cpuid.CPU.Supports(cpuid.AVX2, cpuid.FMA3, cpuid.BMI2) {
		t = append(t, &tableSet{AVX2, &avx2F32, &avx2F64})
	}
	if cpuid.CPU.Supports(cpuid.AVX512F, cpuid.AVX512DQ, cpuid.AVX512BW, cpuid.AVX512VL, cpuid.AVX2, cpuid.FMA3, cpuid.BMI2) {
		t = append(t, &tableSet{AVX512, &avx512F32, &avx512F64})
	}
	return t
}

var avx2F32 = Kernels[float32]{
	Level:      AVX2,
	Lanes:      8,
	Axpy:       axpyF32AVX2,
	Axpy4:      axpy4F32AVX2,
	Dot:        dotF32AVX2,
	Sum:        sumF32AVX2,
	Fill:       fillF32AVX2,
	SumSquares: sumSquaresF32AVX2,
	QuotKL:     quotKLF32AVX2,
	QuotIS:     quotISF32AVX2,
	Peak:       peakF32AVX2,
	PeakFlops:  2 * 12 * 8,

	Hadamard:    hadamardF32AVX2,
	HadamardAdd: hadamardAddF32AVX2,
	Scale:       scaleF32AVX2,
	ScaleFloor:  scaleFloorF32AVX2,
	Clamp:       clampF32AVX2,
	Select:      chooseF32AVX2,
	AddAbs:      addAbsF32AVX2,
	AddSquares:  addSquaresF32AVX2,
	ScaleBy:     scaleByF32AVX2,
	Transpose:   transposeF32AVX2,
	SqDist:      sqDistF32AVX2,
	Scan:        scanF32AVX2,
	Quot05:      quot05F32AVX2,
	Quot15:      quot15F32AVX2,
	Quot3:       quot3F32AVX2,
	QuotPow:     quotPowF32AVX2,
	DivKL:       divKLF32AVX2,
	DivIS:       divISF32AVX2,
	DivPow:      divPowF32AVX2,
	Ratios: []Ratio[float32]{
		{6, 2, ratioKL6x2F32AVX2, ratioIS6x2F32AVX2},
		{4, 2, ratioKL4x2F32AVX2, ratioIS4x2F32AVX2},
		{2, 2, ratioKL2x2F32AVX2, ratioIS2x2F32AVX2},
		{1, 2, ratioKL1x2F32AVX2, ratioIS1x2F32AVX2},
	},
	Strips: []Strip[float32]{
		{16, hals2F32AVX2, solve2F32AVX2},
		{8, hals1F32AVX2, solve1F32AVX2},
	},
	Tiles: [][]Tile[float32]{
		{
			{12, tile12x1F32AVX2, tile12x1EdgeF32AVX2, tile12x1StreamF32AVX2, down12x1F32AVX2, down12x1EdgeF32AVX2},
			{8, tile8x1F32AVX2, tile8x1EdgeF32AVX2, tile8x1StreamF32AVX2, down8x1F32AVX2, down8x1EdgeF32AVX2},
			{4, tile4x1F32AVX2, tile4x1EdgeF32AVX2, tile4x1StreamF32AVX2, down4x1F32AVX2, down4x1EdgeF32AVX2},
			{2, tile2x1F32AVX2, tile2x1EdgeF32AVX2, tile2x1StreamF32AVX2, down2x1F32AVX2, down2x1EdgeF32AVX2},
			{1, tile1x1F32AVX2, tile1x1EdgeF32AVX2, tile1x1StreamF32AVX2, down1x1F32AVX2, down1x1EdgeF32AVX2},
		},
		{
			{6, tile6x2F32AVX2, tile6x2EdgeF32AVX2, tile6x2StreamF32AVX2, down6x2F32AVX2, down6x2EdgeF32AVX2},
			{4, tile4x2F32AVX2, tile4x2EdgeF32AVX2, tile4x2StreamF32AVX2, down4x2F32AVX2, down4x2EdgeF32AVX2},
			{2, tile2x2F32AVX2, tile2x2EdgeF32AVX2, tile2x2StreamF32AVX2, down2x2F32AVX2, down2x2EdgeF32AVX2},
			{1, tile1x2F32AVX2, tile1x2EdgeF32AVX2, tile1x2StreamF32AVX2, down1x2F32AVX2, down1x2EdgeF32AVX2},
		},
		{
			{4, tile4x3F32AVX2, tile4x3EdgeF32AVX2, tile4x3StreamF32AVX2, down4x3F32AVX2, down4x3EdgeF32AVX2},
			{2, tile2x3F32AVX2, tile2x3EdgeF32AVX2, tile2x3StreamF32AVX2, down2x3F32AVX2, down2x3EdgeF32AVX2},
			{1, tile1x3F32AVX2, tile1x3EdgeF32AVX2, tile1x3StreamF32AVX2, down1x3F32AVX2, down1x3EdgeF32AVX2},
		},
	},
}

var avx2F64 = Kernels[float64]{
	Level:      AVX2,
	Lanes:      4,
	Axpy:       axpyF64AVX2,
	Axpy4:      axpy4F64AVX2,
	Dot:        dotF64AVX2,
	Sum:        sumF64AVX2,
	Fill:       fillF64AVX2,
	SumSquares: sumSquaresF64AVX2,
	QuotKL:     quotKLF64AVX2,
	QuotIS:     quotISF64AVX2,
	Peak:       peakF64AVX2,
	PeakFlops:  2 * 12 * 4,

	Hadamard:    hadamardF64AVX2,
	HadamardAdd: hadamardAddF64AVX2,
	Scale:       scaleF64AVX2,
	ScaleFloor:  scaleFloorF64AVX2,
	Clamp:       clampF64AVX2,
	Select:      chooseF64AVX2,
	AddAbs:      addAbsF64AVX2,
	AddSquares:  addSquaresF64AVX2,
	ScaleBy:     scaleByF64AVX2,
	Transpose:   transposeF64AVX2,
	SqDist:      sqDistF64AVX2,
	Scan:        scanF64AVX2,
	Quot05:      quot05F64AVX2,
	Quot15:      quot15F64AVX2,
	Quot3:       quot3F64AVX2,
	QuotPow:     quotPowF64AVX2,
	DivKL:       divKLF64AVX2,
	DivIS:       divISF64AVX2,
	DivPow:      divPowF64AVX2,
	Ratios: []Ratio[float64]{
		{6, 2, ratioKL6x2F64AVX2, ratioIS6x2F64AVX2},
		{4, 2, ratioKL4x2F64AVX2, ratioIS4x2F64AVX2},
		{2, 2, ratioKL2x2F64AVX2, ratioIS2x2F64AVX2},
		{1, 2, ratioKL1x2F64AVX2, ratioIS1x2F64AVX2},
	},
	Strips: []Strip[float64]{
		{8, hals2F64AVX2, solve2F64AVX2},
		{4, hals1F64AVX2, solve1F64AVX2},
	},
	Tiles: [][]Tile[float64]{
		{
			{12, tile12x1F64AVX2, tile12x1EdgeF64AVX2, tile12x1StreamF64AVX2, down12x1F64AVX2, down12x1EdgeF64AVX2},
			{8, tile8x1F64AVX2, tile8x1EdgeF64AVX2, tile8x1StreamF64AVX2, down8x1F64AVX2, down8x1EdgeF64AVX2},
			{4, tile4x1F64AVX2, tile4x1EdgeF64AVX2, tile4x1StreamF64AVX2, down4x1F64AVX2, down4x1EdgeF64AVX2},
			{2, tile2x1F64AVX2, tile2x1EdgeF64AVX2, tile2x1StreamF64AVX2, down2x1F64AVX2, down2x1EdgeF64AVX2},
			{1, tile1x1F64AVX2, tile1x1EdgeF64AVX2, tile1x1StreamF64AVX2, down1x1F64AVX2, down1x1EdgeF64AVX2},
		},
		{
			{6, tile6x2F64AVX2, tile6x2EdgeF64AVX2, tile6x2StreamF64AVX2, down6x2F64AVX2, down6x2EdgeF64AVX2},
			{4, tile4x2F64AVX2, tile4x2EdgeF64AVX2, tile4x2StreamF64AVX2, down4x2F64AVX2, down4x2EdgeF64AVX2},
			{2, tile2x2F64AVX2, tile2x2EdgeF64AVX2, tile2x2StreamF64AVX2, down2x2F64AVX2, down2x2EdgeF64AVX2},
			{1, tile1x2F64AVX2, tile1x2EdgeF64AVX2, tile1x2StreamF64AVX2, down1x2F64AVX2, down1x2EdgeF64AVX2},
		},
		{
			{4, tile4x3F64AVX2, tile4x3EdgeF64AVX2, tile4x3StreamF64AVX2, down4x3F64AVX2, down4x3EdgeF64AVX2},
			{2, tile2x3F64AVX2, tile2x3EdgeF64AVX2, tile2x3StreamF64AVX2, down2x3F64AVX2, down2x3EdgeF64AVX2},
			{1, tile1x3F64AVX2, tile1x3EdgeF64AVX2, tile1x3StreamF64AVX2, down1x3F64AVX2, down1x3EdgeF64AVX2},
		},
	},
}

var avx512F32 = Kernels[float32]{
	Level:      AVX512,
	Lanes:      16,
	Axpy:       axpyF32AVX512,
	Axpy4:      axpy4F32AVX512,
	Dot:        dotF32AVX512,
	Sum:        sumF32AVX512,
	Fill:       fillF32AVX512,
	SumSquares: sumSquaresF32AVX512,
	QuotKL:     quotKLF32AVX512,
	QuotIS:     quotISF32AVX512,
	Peak:       peakF32AVX512,
	PeakFlops:  2 * 12 * 16,

	Hadamard:    hadamardF32AVX512,
	HadamardAdd: hadamardAddF32AVX512,
	Scale:       scaleF32AVX512,
	ScaleFloor:  scaleFloorF32AVX512,
	Clamp:       clampF32AVX512,
	Select:      chooseF32AVX512,
	AddAbs:      addAbsF32AVX512,
	AddSquares:  addSquaresF32AVX512,
	ScaleBy:     scaleByF32AVX512,
	Transpose:   transposeF32AVX512,
	SqDist:      sqDistF32AVX512,
	Scan:        scanF32AVX512,
	Quot05:      quot05F32AVX512,
	Quot15:      quot15F32AVX512,
	Quot3:       quot3F32AVX512,
	QuotPow:     quotPowF32AVX512,
	DivKL:       divKLF32AVX512,
	DivIS:       divISF32AVX512,
	DivPow:      divPowF32AVX512,
	Ratios: []Ratio[float32]{
		{4, 4, ratioKL4x4F32AVX512, ratioIS4x4F32AVX512},
		{2, 4, ratioKL2x4F32AVX512, ratioIS2x4F32AVX512},
		{1, 4, ratioKL1x4F32AVX512, ratioIS1x4F32AVX512},
	},
	RatioEdge: []Ratio[float32]{
		{8, 1, ratioKL8x1EdgeF32AVX512, ratioIS8x1EdgeF32AVX512},
		{4, 1, ratioKL4x1EdgeF32AVX512, ratioIS4x1EdgeF32AVX512},
		{2, 1, ratioKL2x1EdgeF32AVX512, ratioIS2x1EdgeF32AVX512},
		{1, 1, ratioKL1x1EdgeF32AVX512, ratioIS1x1EdgeF32AVX512},
	},
	RatioHalf: []Ratio[float32]{
		{8, 1, ratioKL8xHalfEdgeF32AVX512, ratioIS8xHalfEdgeF32AVX512},
		{4, 1, ratioKL4xHalfEdgeF32AVX512, ratioIS4xHalfEdgeF32AVX512},
		{2, 1, ratioKL2xHalfEdgeF32AVX512, ratioIS2xHalfEdgeF32AVX512},
		{1, 1, ratioKL1xHalfEdgeF32AVX512, ratioIS1xHalfEdgeF32AVX512},
	},
	Strips: []Strip[float32]{
		{64, hals4F32AVX512, solve4F32AVX512},
		{16, hals1F32AVX512, solve1F32AVX512},
	},
	DownHalf: [][]Tile[float32]{
		{{Rows: 12, DownEdge: down12x1HalfEdgeF32AVX512}, {Rows: 8, DownEdge: down8x1HalfEdgeF32AVX512}, {Rows: 4, DownEdge: down4x1HalfEdgeF32AVX512}, {Rows: 2, DownEdge: down2x1HalfEdgeF32AVX512}, {Rows: 1, DownEdge: down1x1HalfEdgeF32AVX512}},
		{{Rows: 8, DownEdge: down8x2HalfEdgeF32AVX512}, {Rows: 4, DownEdge: down4x2HalfEdgeF32AVX512}, {Rows: 2, DownEdge: down2x2HalfEdgeF32AVX512}, {Rows: 1, DownEdge: down1x2HalfEdgeF32AVX512}},
	},
	Half: []Tile[float32]{
		{16, tile16xHalfF32AVX512, tile16xHalfEdgeF32AVX512, tile16xHalfStreamF32AVX512, down16xHalfF32AVX512, down16xHalfEdgeF32AVX512},
		{8, tile8xHalfF32AVX512, tile8xHalfEdgeF32AVX512, tile8xHalfStreamF32AVX512, down8xHalfF32AVX512, down8xHalfEdgeF32AVX512},
		{4, tile4xHalfF32AVX512, tile4xHalfEdgeF32AVX512, tile4xHalfStreamF32AVX512, down4xHalfF32AVX512, down4xHalfEdgeF32AVX512},
		{2, tile2xHalfF32AVX512, tile2xHalfEdgeF32AVX512, tile2xHalfStreamF32AVX512, down2xHalfF32AVX512, down2xHalfEdgeF32AVX512},
		{1, tile1xHalfF32AVX512, tile1xHalfEdgeF32AVX512, tile1xHalfStreamF32AVX512, down1xHalfF32AVX512, down1xHalfEdgeF32AVX512},
	},
	Tiles: [][]Tile[float32]{
		{
			{16, tile16x1F32AVX512, tile16x1EdgeF32AVX512, tile16x1StreamF32AVX512, down16x1F32AVX512, down16x1EdgeF32AVX512},
			{8, tile8x1F32AVX512, tile8x1EdgeF32AVX512, tile8x1StreamF32AVX512, down8x1F32AVX512, down8x1EdgeF32AVX512},
			{4, tile4x1F32AVX512, tile4x1EdgeF32AVX512, tile4x1StreamF32AVX512, down4x1F32AVX512, down4x1EdgeF32AVX512},
			{2, tile2x1F32AVX512, tile2x1EdgeF32AVX512, tile2x1StreamF32AVX512, down2x1F32AVX512, down2x1EdgeF32AVX512},
			{1, tile1x1F32AVX512, tile1x1EdgeF32AVX512, tile1x1StreamF32AVX512, down1x1F32AVX512, down1x1EdgeF32AVX512},
		},
		{
			{8, tile8x2F32AVX512, tile8x2EdgeF32AVX512, tile8x2StreamF32AVX512, down8x2F32AVX512, down8x2EdgeF32AVX512},
			{4, tile4x2F32AVX512, tile4x2EdgeF32AVX512, tile4x2StreamF32AVX512, down4x2F32AVX512, down4x2EdgeF32AVX512},
			{2, tile2x2F32AVX512, tile2x2EdgeF32AVX512, tile2x2StreamF32AVX512, down2x2F32AVX512, down2x2EdgeF32AVX512},
			{1, tile1x2F32AVX512, tile1x2EdgeF32AVX512, tile1x2StreamF32AVX512, down1x2F32AVX512, down1x2EdgeF32AVX512},
		},
		{
			{5, tile5x3F32AVX512, tile5x3EdgeF32AVX512, tile5x3StreamF32AVX512, down5x3F32AVX512, down5x3EdgeF32AVX512},
			{4, tile4x3F32AVX512, tile4x3EdgeF32AVX512, tile4x3StreamF32AVX512, down4x3F32AVX512, down4x3EdgeF32AVX512},
			{2, tile2x3F32AVX512, tile2x3EdgeF32AVX512, tile2x3StreamF32AVX512, down2x3F32AVX512, down2x3EdgeF32AVX512},
			{1, tile1x3F32AVX512, tile1x3EdgeF32AVX512, tile1x3StreamF32AVX512, down1x3F32AVX512, down1x3EdgeF32AVX512},
		},
		{
			{4, tile4x4F32AVX512, tile4x4EdgeF32AVX512, tile4x4StreamF32AVX512, down4x4F32AVX512, down4x4EdgeF32AVX512},
			{2, tile2x4F32AVX512, tile2x4EdgeF32AVX512, tile2x4StreamF32AVX512, down2x4F32AVX512, down2x4EdgeF32AVX512},
			{1, tile1x4F32AVX512, tile1x4EdgeF32AVX512, tile1x4StreamF32AVX512, down1x4F32AVX512, down1x4EdgeF32AVX512},
		},
	},
}

var avx512F64 = Kernels[float64]{
	Level:      AVX512,
	Lanes:      8,
	Axpy:       axpyF64AVX512,
	Axpy4:      axpy4F64AVX512,
	Dot:        dotF64AVX512,
	Sum:        sumF64AVX512,
	Fill:       fillF64AVX512,
	SumSquares: sumSquaresF64AVX512,
	QuotKL:     quotKLF64AVX512,
	QuotIS:     quotISF64AVX512,
	Peak:       peakF64AVX512,
	PeakFlops:  2 * 12 * 8,

	Hadamard:    hadamardF64AVX512,
	HadamardAdd: hadamardAddF64AVX512,
	Scale:       scaleF64AVX512,
	ScaleFloor:  scaleFloorF64AVX512,
	Clamp:       clampF64AVX512,
	Select:      chooseF64AVX512,
	AddAbs:      addAbsF64AVX512,
	AddSquares:  addSquaresF64AVX512,
	ScaleBy:     scaleByF64AVX512,
	Transpose:   transposeF64AVX512,
	SqDist:      sqDistF64AVX512,
	Scan:        scanF64AVX512,
	Quot05:      quot05F64AVX512,
	Quot15:      quot15F64AVX512,
	Quot3:       quot3F64AVX512,
	QuotPow:     quotPowF64AVX512,
	DivKL:       divKLF64AVX512,
	DivIS:       divISF64AVX512,
	DivPow:      divPowF64AVX512,
	Ratios: []Ratio[float64]{
		{4, 4, ratioKL4x4F64AVX512, ratioIS4x4F64AVX512},
		{2, 4, ratioKL2x4F64AVX512, ratioIS2x4F64AVX512},
		{1, 4, ratioKL1x4F64AVX512, ratioIS1x4F64AVX512},
	},
	RatioEdge: []Ratio[float64]{
		{8, 1, ratioKL8x1EdgeF64AVX512, ratioIS8x1EdgeF64AVX512},
		{4, 1, ratioKL4x1EdgeF64AVX512, ratioIS4x1EdgeF64AVX512},
		{2, 1, ratioKL2x1EdgeF64AVX512, ratioIS2x1EdgeF64AVX512},
		{1, 1, ratioKL1x1EdgeF64AVX512, ratioIS1x1EdgeF64AVX512},
	},
	RatioHalf: []Ratio[float64]{
		{8, 1, ratioKL8xHalfEdgeF64AVX512, ratioIS8xHalfEdgeF64AVX512},
		{4, 1, ratioKL4xHalfEdgeF64AVX512, ratioIS4xHalfEdgeF64AVX512},
		{2, 1, ratioKL2xHalfEdgeF64AVX512, ratioIS2xHalfEdgeF64AVX512},
		{1, 1, ratioKL1xHalfEdgeF64AVX512, ratioIS1xHalfEdgeF64AVX512},
	},
	Strips: []Strip[float64]{
		{32, hals4F64AVX512, solve4F64AVX512},
		{8, hals1F64AVX512, solve1F64AVX512},
	},
	DownHalf: [][]Tile[float64]{
		{{Rows: 12, DownEdge: down12x1HalfEdgeF64AVX512}, {Rows: 8, DownEdge: down8x1HalfEdgeF64AVX512}, {Rows: 4, DownEdge: down4x1HalfEdgeF64AVX512}, {Rows: 2, DownEdge: down2x1HalfEdgeF64AVX512}, {Rows: 1, DownEdge: down1x1HalfEdgeF64AVX512}},
		{{Rows: 8, DownEdge: down8x2HalfEdgeF64AVX512}, {Rows: 4, DownEdge: down4x2HalfEdgeF64AVX512}, {Rows: 2, DownEdge: down2x2HalfEdgeF64AVX512}, {Rows: 1, DownEdge: down1x2HalfEdgeF64AVX512}},
	},
	Half: []Tile[float64]{
		{16, tile16xHalfF64AVX512, tile16xHalfEdgeF64AVX512, tile16xHalfStreamF64AVX512, down16xHalfF64AVX512, down16xHalfEdgeF64AVX512},
		{8, tile8xHalfF64AVX512, tile8xHalfEdgeF64AVX512, tile8xHalfStreamF64AVX512, down8xHalfF64AVX512, down8xHalfEdgeF64AVX512},
		{4, tile4xHalfF64AVX512, tile4xHalfEdgeF64AVX512, tile4xHalfStreamF64AVX512, down4xHalfF64AVX512, down4xHalfEdgeF64AVX512},
		{2, tile2xHalfF64AVX512, tile2xHalfEdgeF64AVX512, tile2xHalfStreamF64AVX512, down2xHalfF64AVX512, down2xHalfEdgeF64AVX512},
		{1, tile1xHalfF64AVX512, tile1xHalfEdgeF64AVX512, tile1xHalfStreamF64AVX512, down1xHalfF64AVX512, down1xHalfEdgeF64AVX512},
	},
	Tiles: [][]Tile[float64]{
		{
			{16, tile16x1F64AVX512, tile16x1EdgeF64AVX512, tile16x1StreamF64AVX512, down16x1F64AVX512, down16x1EdgeF64AVX512},
			{8, tile8x1F64AVX512, tile8x1EdgeF64AVX512, tile8x1StreamF64AVX512, down8x1F64AVX512, down8x1EdgeF64AVX512},
			{4, tile4x1F64AVX512, tile4x1EdgeF64AVX512, tile4x1StreamF64AVX512, down4x1F64AVX512, down4x1EdgeF64AVX512},
			{2, tile2x1F64AVX512, tile2x1EdgeF64AVX512, tile2x1StreamF64AVX512, down2x1F64AVX512, down2x1EdgeF64AVX512},
			{1, tile1x1F64AVX512, tile1x1EdgeF64AVX512, tile1x1StreamF64AVX512, down1x1F64AVX512, down1x1EdgeF64AVX512},
		},
		{
			{8, tile8x2F64AVX512, tile8x2EdgeF64AVX512, tile8x2StreamF64AVX512, down8x2F64AVX512, down8x2EdgeF64AVX512},
			{4, tile4x2F64AVX512, tile4x2EdgeF64AVX512, tile4x2StreamF64AVX512, down4x2F64AVX512, down4x2EdgeF64AVX512},
			{2, tile2x2F64AVX512, tile2x2EdgeF64AVX512, tile2x2StreamF64AVX512, down2x2F64AVX512, down2x2EdgeF64AVX512},
			{1, tile1x2F64AVX512, tile1x2EdgeF64AVX512, tile1x2StreamF64AVX512, down1x2F64AVX512, down1x2EdgeF64AVX512},
		},
		{
			{5, tile5x3F64AVX512, tile5x3EdgeF64AVX512, tile5x3StreamF64AVX512, down5x3F64AVX512, down5x3EdgeF64AVX512},
			{4, tile4x3F64AVX512, tile4x3EdgeF64AVX512, tile4x3StreamF64AVX512, down4x3F64AVX512, down4x3EdgeF64AVX512},
			{2, tile2x3F64AVX512, tile2x3EdgeF64AVX512, tile2x3StreamF64AVX512, down2x3F64AVX512, down2x3EdgeF64AVX512},
			{1, tile1x3F64AVX512, tile1x3EdgeF64AVX512, tile1x3StreamF64AVX512, down1x3F64AVX512, down1x3EdgeF64AVX512},
		},
		{
			{4, tile4x4F64AVX512, tile4x4EdgeF64AVX512, tile4x4StreamF64AVX512, down4x4F64AVX512, down4x4EdgeF64AVX512},
			{2, tile2x4F64AVX512, tile2x4EdgeF64AVX512, tile2x4StreamF64AVX512, down2x4F64AVX512, down2x4EdgeF64AVX512},
			{1, tile1x4F64AVX512, tile1x4EdgeF64AVX512, tile1x4StreamF64AVX512, down1x4F64AVX512, down1x4EdgeF64AVX512},
		},
	},
}
