package main

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
	given   []penalty // in the order of the command line
	balance string
	sweeps  int // of Sinkhorn's iteration: tucker
}

// penalty is a penalty on a block, by its key, or on several at once.
type penalty struct {
	block     string
	kind      string // l1, l2, lp
	p, weight float64
}

// What a penalty may be on besides a block.
const (
	everyBlock = "all"
	allFactors = "factors" // all but the core
	coreKey    = "core"
)

func (f *penaltyFlags) register(fs *pflag.FlagSet, k kind, help func(string) string) {
	for _, name := range []string{"l1", "l2", "lp"} {
		fs.Var(&penaltyFlag{f, name, k.block, nil}, name, help(name))
	}
	fs.StringVar(&f.balance, "balance", "auto", help("balance"))
}

// on reports whether a penalty is on a block that may be fixed: several blocks are the
// free ones.
func (q *penalty) on(key string, fixed bool) bool {
	return q.block == key || !fixed && (q.block == everyBlock || q.block == allFactors && key != coreKey)
}

// of returns the penalties of blocks; of each kind the last one that was given counts.
func (f *penaltyFlags) of(keys []string, fixed func(key string) bool) ([]reg.Penalty, error) {
	for _, q := range f.given {
		if q.block != everyBlock && q.block != allFactors && !slices.Contains(keys, q.block) {
			return nil, exit.Usagef("--%s: block %s, but the data have the modes 0 to %d", q.kind, q.block, modesOf(keys)-1)
		}
	}
	all := make([]reg.Penalty, len(keys))
	for n, key := range keys {
		last := map[string]penalty{}
		for _, q := range f.given {
			if q.on(key, fixed(key)) {
				last[q.kind] = q
			}
		}
		for _, kind := range []string{"l1", "l2", "lp"} {
			if q, ok := last[kind]; ok {
				all[n] = all[n].Plus(reg.Lp(q.p, q.weight))
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

// check names the blocks as a kind of model does, and refuses those that it has not.
func (f *penaltyFlags) check(k kind, dir string) error {
	for i, q := range f.given {
		key, err := k.block(q.block)
		if err != nil {
			return exit.Usagef("--%s %s: the model in %s is one of %s: give penalties by %s", q.kind, q.block, dir, k.facts().name, k.facts().blocks)
		}
		f.given[i].block = key
	}
	return nil
}

// asked returns the penalties that the flags ask for, of whatever block: for the
// choice of a method.
func (f *penaltyFlags) asked() (p []reg.Penalty) {
	for _, q := range f.given {
		p = append(p, reg.Lp(q.p, q.weight))
	}
	return p
}

// anyWeight reports whether some penalty is above 0.
func (f *penaltyFlags) anyWeight() bool {
	return slices.ContainsFunc(f.given, func(q penalty) bool { return q.weight > 0 })
}

// otherDegrees reports whether there is a penalty of another degree than 1 and 2.
func (f *penaltyFlags) otherDegrees() bool {
	return slices.ContainsFunc(f.given, func(q penalty) bool { return q.weight > 0 && q.p != 1 && q.p != 2 })
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
	q := penalty{kind: f.kind, p: 1}
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
	if q.weight, err = strconv.ParseFloat(value, 64); err != nil || !(q.weight >= 0) || math.IsInf(q.weight, 0) {
		return fmt.Errorf("weight %q, want a number of at least 0", value)
	}
	if q.block, err = f.block(block); err != nil {
		return err
	}
	f.to.given, f.given = append(f.to.given, q), append(f.given, s)
	return nil
}
