package models

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"polyad/cmd/polyad/internal/exit"
	"polyad/reg"
)

// penaltyFlags are the flags about penalties and the balance between them.
type penaltyFlags struct {
	Given   []penalty // in the order of the command line
	balance string
	sweeps  int // of Sinkhorn's iteration: tucker
}

// penalty is a penalty on a block, by its key, or on several at once.
type penalty struct {
	Block     string
	Kind      string // l1, l2, lp
	p, Weight float64
}

// What a penalty may be on besides a block.
const (
	everyBlock = "all"
	allFactors = "factors" // all but the core
	coreKey    = "core"
)

func (f *penaltyFlags) register(fs *pflag.FlagSet, k Kind, help func(string) string) {
	for _, name := range []string{"l1", "l2", "lp"} {
		fs.Var(&penaltyFlag{f, name, k.block, nil}, name, help(name))
	}
	fs.StringVar(&f.balance, "balance", "auto", help("balance"))
}

// on reports whether a penalty is on a block that may be fixed: several blocks are the
// free ones.
func (q *penalty) on(key string, fixed bool) bool {
	return q.Block == key || !fixed && (q.Block == everyBlock || q.Block == allFactors && key != coreKey)
}

// of returns the penalties of blocks; of each kind the last one that was given counts.
func (f *penaltyFlags) of(keys []string, fixed func(key string) bool) ([]reg.Penalty, error) {
	for _, q := range f.Given {
		if q.Block != everyBlock && q.Block != allFactors && !slices.Contains(keys, q.Block) {
			return nil, exit.Usagef("--%s: block %s, but the data have the modes 0 to %d", q.Kind, q.Block, modesOf(keys)-1)
		}
	}
	all := make([]reg.Penalty, len(keys))
	for n, key := range keys {
		last := map[string]penalty{}
		for _, q := range f.Given {
			if q.on(key, fixed(key)) {
				last[q.Kind] = q
			}
		}
		for _, kind := range []string{"l1", "l2", "lp"} {
			if q, ok := last[kind]; ok {
				all[n] = all[n].Plus(reg.Lp(q.p, q.Weight))
			}
		}
	}
	return all, nil
}

// modesOf counts the blocks that are no core.
func modesOf(keys []string) int {
	if keys[len(keys)-1] == coreKey {
		return len(keys) - 1
	}
	return len(keys)
}

func noneFixed(string) bool { return false }

// CheckBlocks names the blocks as a kind of model does, and refuses those that it has not.
func (f *penaltyFlags) CheckBlocks(k Kind, dir string) error {
	for i, q := range f.Given {
		key, err := k.block(q.Block)
		if err != nil {
			return exit.Usagef("--%s %s: the model in %s is one of %s: give penalties by %s", q.Kind, q.Block, dir, k.Facts().Name, k.Facts().blocks)
		}
		f.Given[i].Block = key
	}
	return nil
}

// asked returns the penalties that the flags ask for, of whatever block: for the
// choice of a method.
func (f *penaltyFlags) asked() (p []reg.Penalty) {
	for _, q := range f.Given {
		p = append(p, reg.Lp(q.p, q.Weight))
	}
	return p
}

// anyWeight reports whether some penalty is above 0.
func (f *penaltyFlags) anyWeight() bool {
	return slices.ContainsFunc(f.Given, func(q penalty) bool { return q.Weight > 0 })
}

// OtherDegrees reports whether there is a penalty of another degree than 1 and 2.
func (f *penaltyFlags) OtherDegrees() bool {
	return slices.ContainsFunc(f.Given, func(q penalty) bool { return q.Weight > 0 && q.p != 1 && q.p != 2 })
}

// penaltyFlag is --l1, --l2 or --lp. Block returns the key of a block.
type penaltyFlag struct {
	to    *penaltyFlags
	kind  string
	block func(name string) (string, error)
	given []string
}

// Words returns the flag as it was given, for the record.
func (f *penaltyFlag) Words() (words []string) {
	for _, v := range f.given {
		words = append(words, "--"+f.kind, v)
	}
	return words
}

// Type names the form of the value in the help.
func (f *penaltyFlag) Type() string {
	if f.kind == "lp" {
		return "BLOCK=P:V"
	}
	return "BLOCK=V"
}

// String returns the default, which is none.
func (f *penaltyFlag) String() string { return "" }

// Set parses one value.
func (f *penaltyFlag) Set(s string) (err error) {
	q := penalty{Kind: f.kind, p: 1}
	block, value, ok := strings.Cut(s, "=")
	if !ok {
		return fmt.Errorf("want %s", f.Type())
	}
	switch f.kind {
	case "l2":
		q.p = 2
	case "lp":
		var degree string
		if degree, value, ok = strings.Cut(value, ":"); !ok {
			return fmt.Errorf("want %s", f.Type())
		}
		if q.p, err = strconv.ParseFloat(degree, 64); err != nil || !(q.p > 0) || math.IsInf(q.p, 0) {
			return fmt.Errorf("degree %q, want a positive number", degree)
		}
	}
	if q.Weight, err = strconv.ParseFloat(value, 64); err != nil || !(q.Weight >= 0) || math.IsInf(q.Weight, 0) {
		return fmt.Errorf("weight %q, want a number of at least 0", value)
	}
	if q.Block, err = f.block(block); err != nil {
		return err
	}
	f.to.Given, f.given = append(f.to.Given, q), append(f.given, s)
	return nil
}
