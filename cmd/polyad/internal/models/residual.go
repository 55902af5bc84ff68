package models

import (
	"fmt"
	"math"
	"strings"

	"polyad/asm"
	"polyad/cmd/polyad/internal/console"
	"polyad/internal/report"
	"polyad/matrix"
	"polyad/ndio"
	"polyad/tensor"
)

// TileElements is the size of a tile of rows of a model that is in memory.
const TileElements = 1 << 20

// worstCount is how many indices of each mode eval names.
const worstCount = 3

// heldOut is the error over entries that a mask leaves out of the loss and that have
// finite values.
type heldOut struct {
	Entries  int      `json:"entries"`
	RelError *float64 `json:"rel_error"` // null: they are all 0
}

// worstMode lists the indices of a mode whose slices have most of the squared error
// over the entries that count; a share of 1 is all of it. Value is the error's norm.
type worstMode struct {
	Mode    int            `json:"mode"`
	Entries []leadingEntry `json:"entries"`

	axis ndio.Axis
}

// misfit tells where a model is far from data.
type misfit struct {
	HeldOut *heldOut    `json:"held_out,omitempty"` // with --mask
	Worst   []worstMode `json:"worst"`
}

// misfitOf compares a model with the data x entry by entry, those that the mask
// leaves out apart, with one tile of rows of the model in memory. Lengths are in units
// of the largest entry, so that no square overflows.
func misfitOf[T asm.Float](m ModelOf[T], x *tensor.Dense[T], mask *tensor.Mask, axes []ndio.Axis) (f misfit) {
	all := x.Contiguous().Data[:x.Len()]
	counts := func(i int) bool { return mask == nil || mask.Word(i)&1 != 0 }
	top, hidden := math.SmallestNonzeroFloat64, math.SmallestNonzeroFloat64
	for i, v := range all {
		switch size := math.Abs(float64(v)); {
		case !(size <= math.MaxFloat64):
		case counts(i):
			top = max(top, size)
		default:
			hidden = max(hidden, size)
		}
	}
	squares := make([]*matrix.Dense[float64], x.Order())
	for n, size := range x.Shape {
		squares[n] = matrix.New[float64](size, 1)
	}
	at, held := make([]int, x.Order()), 0
	var length, missed float64 // squares over entries held out
	tiles := m.Array()
	rows, cols := tiles.Size()
	most := max(1, min(rows, TileElements/max(1, cols)))
	tile := make([]T, most*cols)
	for lo := 0; lo < rows; lo += most {
		part := tile[:min(most, rows-lo)*cols]
		tiles.Tile(part, lo, lo+len(part)/cols, 0)
		for k, y := range part {
			i := lo*cols + k
			v := float64(all[i])
			if counts(i) {
				d := (v - float64(y)) / top
				for n, j := range at {
					squares[n].Data[j] += d * d
				}
			} else if v-v == 0 {
				d, v := (v-float64(y))/hidden, v/hidden
				missed, length, held = missed+d*d, length+v*v, held+1
			}
			for n := len(at) - 1; n >= 0; n-- {
				if at[n]++; at[n] < x.Shape[n] {
					break
				}
				at[n] = 0
			}
		}
	}
	switch e := math.Sqrt(missed / length); {
	case held > 0 && length == 0:
		f.HeldOut = &heldOut{Entries: held}
	case held > 0 && !math.IsInf(e, 0):
		f.HeldOut = &heldOut{held, &e}
	}
	f.Worst = []worstMode{}
	for n, s := range squares {
		w := worstMode{n, leadingEntries(s, 0, AxisOf(axes, n), worstCount), AxisOf(axes, n)}
		for k := range w.Entries {
			w.Entries[k].Value = top * math.Sqrt(w.Entries[k].Value)
		}
		if len(w.Entries) > 0 && w.Entries[0].Share > 0 { // else squares overflow
			f.Worst = append(f.Worst, w)
		}
	}
	return f
}

// print prints it for people.
func (f *misfit) print(row func(name, format string, args ...any), relError float64) {
	if h := f.HeldOut; h != nil && h.RelError != nil {
		row("held out", "%d entries, relative error %s; that of the others is %.6g", h.Entries, console.Explained(*h.RelError), relError)
	} else if h != nil {
		row("held out", "%d entries, all of them 0", h.Entries)
	}
	for _, w := range f.Worst {
		var words []string
		for _, e := range w.Entries {
			words = append(words, fmt.Sprintf("%s %.3g %%", labelled(w.axis, e.Index), 100*e.Share))
		}
		row(fmt.Sprint("worst of mode ", w.Mode), "%s of the squared error", strings.Join(words, ", "))
	}
}

// labelled names an index of a mode for people.
func labelled(axis ndio.Axis, i int) string {
	if label := axis.Label(i); label != "" {
		return fmt.Sprintf("%s (%d)", report.Shortened(console.Plain(label), widestName), i)
	}
	return fmt.Sprint("index ", i)
}
