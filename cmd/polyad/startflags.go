package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"polyad/asm"
	"polyad/nmf"
)

// given reports whether the starting point is a folder, not one that has a name.
func (f *fitFlags) given() bool {
	_, err := nmf.ParseStart(f.init)
	return f.init != "" && err != nil
}

// checkInit refuses a starting point that is neither known nor a folder.
func (f *fitFlags) checkInit() error {
	if !f.given() {
		return nil
	}
	if info, err := os.Stat(f.init); err != nil || !info.IsDir() {
		return usagef("--init %s: want random, nndsvd, nndsvda, nndsvdar, spa, or a folder with W.npy and H.npy", quote(f.init))
	}
	return nil
}

// startOptions sets the options about starting points, and checks those about
// what is done afterwards.
func (f *fitFlags) startOptions(o *nmf.Options) error {
	o.Init, _ = nmf.ParseStart(f.init)
	switch {
	case f.init == "" && f.changed("init"):
		return usagef("--init is empty; give the name of a start or of a folder")
	case f.restarts < 1:
		return usagef("--restarts is %d; must be at least 1", f.restarts)
	case f.restarts > 1 && f.init != "" && f.init != "random" && f.init != "nndsvdar":
		return usagef("--restarts %d would all begin alike with --init %s; take --init random or nndsvdar", f.restarts, quote(f.init))
	case !slices.Contains([]string{"none", "l1", "l2"}, f.normalize):
		return usagef("--normalize %q; want none, l1 or l2", f.normalize)
	case len(f.fix) > 0 && (f.normalize != "none" || f.sort):
		return usagef("--%s would move the factor that --fix keeps; leave one of them out", f.after())
	case len(f.hold) > 0 && (f.normalize != "none" || f.sort):
		return usagef("--%s would move the components that --hold keeps; leave one of them out", f.after())
	case len(f.hold) > 0 && !f.given():
		return usagef("--hold needs the components to keep; give them with --init DIR")
	}
	for _, s := range f.hold {
		block, list, ok := strings.Cut(s, "=")
		if !ok {
			return usagef("--hold %s: want BLOCK=K,K,… such as w=0,2", quote(s))
		}
		var to *[]int
		switch block {
		case "w", "0":
			to = &o.HoldW
		case "h", "1":
			to = &o.HoldH
		default:
			return usagef("--hold %s: block %q, want w or h", quote(s), block)
		}
		for _, word := range strings.Split(list, ",") {
			q, err := strconv.Atoi(word)
			if err != nil || q < 0 {
				return usagef("--hold %s: component %q, want a number from 0", quote(s), word)
			}
			*to = append(*to, q)
		}
	}
	return nil
}

// after names a flag that changes the model once it is fitted.
func (f *fitFlags) after() string {
	if f.sort {
		return "sort"
	}
	return "normalize"
}

// startName names the starting point of a fit in results.
func startName(f *fitFlags, o *nmf.Options) string {
	if s, ok := o.Init.(fmt.Stringer); ok && !f.given() {
		return s.String()
	}
	return f.init
}

// finish normalizes and sorts a model as the flags ask for.
func finish[T asm.Float](f *fitFlags, r *nmf.Result[T]) {
	switch f.normalize {
	case "l1":
		r.Normalize(nmf.NormL1)
	case "l2":
		r.Normalize(nmf.NormL2)
	}
	if f.sort {
		r.Sort()
	}
}
