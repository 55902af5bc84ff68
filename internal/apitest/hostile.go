package apitest

import (
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// Hostile calls functions with what nobody should give them.
type Hostile struct {
	// Values are arguments by their types, right ones first; types that are not there
	// get zeros and small numbers.
	Values map[reflect.Type][]any
	// Trusts are functions that check nothing, and say so, as they are too short for it.
	Trusts map[string]bool
	// Modest are functions that allocate as much as a number says, which is theirs to say.
	Modest map[string]bool
	// Draws is how many calls with arguments of all kinds are made of each function.
	Draws int
}

// Add adds arguments of one type, a right one first.
func (h *Hostile) Add(values ...any) {
	t := reflect.TypeOf(values[0])
	h.Values[t] = append(h.Values[t], values...)
}

// candidates returns what to give for a parameter, a right one first where one is known.
func (h *Hostile) candidates(t reflect.Type) (list []reflect.Value) {
	for _, v := range h.Values[t] {
		list = append(list, reflect.ValueOf(v))
	}
	zero := reflect.Zero(t)
	switch t.Kind() {
	case reflect.Interface:
		for of, values := range h.Values {
			if of.Implements(t) {
				for _, v := range values {
					x := reflect.New(t).Elem()
					x.Set(reflect.ValueOf(v))
					list = append(list, x)
				}
			}
		}
		if t == reflect.TypeFor[context.Context]() || t == reflect.TypeFor[io.Writer]() || t == reflect.TypeFor[io.Reader]() {
			return list // nil means a programming error to all of Go
		}
		return append(list, zero)
	case reflect.Int, reflect.Int8, reflect.Int32, reflect.Int64:
		for _, v := range []int64{1, 0, 2, -1, -2, 3, 100, math.MaxInt64} {
			if x := reflect.New(t).Elem(); !x.OverflowInt(v) {
				x.SetInt(v)
				list = append(list, x)
			}
		}
		return list
	case reflect.Float64, reflect.Float32:
		for _, v := range []float64{1, 0, -1, math.NaN(), math.Inf(1), 1e-300} {
			list = append(list, reflect.ValueOf(v).Convert(t))
		}
		return list
	case reflect.Bool:
		return append(list, zero, reflect.ValueOf(true).Convert(t))
	case reflect.Func:
		if len(list) > 0 {
			return list
		}
		return []reflect.Value{reflect.MakeFunc(t, func([]reflect.Value) (out []reflect.Value) {
			for i := range t.NumOut() {
				out = append(out, reflect.Zero(t.Out(i)))
			}
			return out
		})}
	case reflect.Slice:
		list = append(list, zero, reflect.MakeSlice(t, 0, 0))
		for _, e := range h.candidates(t.Elem()) {
			for n := 1; n <= 3; n++ {
				s := reflect.MakeSlice(t, n, n)
				for i := range n {
					s.Index(i).Set(e)
				}
				list = append(list, s)
			}
		}
		return list
	case reflect.Pointer:
		if strings.Contains(t.String(), "par.Pool") { // nobody outside can make one
			return list
		}
		return append(list, zero, reflect.New(t.Elem()))
	}
	return append(list, zero)
}

// Call calls f with hostile arguments and says what else happens than a result, an
// error or a panic with an error of polyad's.
func (h *Hostile) Call(name string, f reflect.Value) (faults []string) {
	if h.Trusts[name] {
		return nil
	}
	t := f.Type()
	var all [][]reflect.Value
	for i := range t.NumIn() {
		list := h.candidates(t.In(i))
		if h.Modest[name] {
			list = slices.DeleteFunc(list, func(v reflect.Value) bool { return v.CanInt() && v.Int() > 1000 })
		}
		all = append(all, list)
	}
	seen := map[string]bool{}
	try := func(args []reflect.Value) {
		if fault := call(f, t.IsVariadic(), args); fault != "" && !seen[fault] {
			seen[fault] = true
			faults = append(faults, name+shown(args)+": "+fault)
		}
	}
	args := make([]reflect.Value, len(all))
	right := func() {
		for i, c := range all {
			args[i] = c[0]
		}
	}
	right()
	try(args)
	for i, c := range all {
		for _, v := range c {
			right()
			args[i] = v
			try(args)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range h.Draws {
		for i, c := range all {
			args[i] = c[r.IntN(len(c))]
		}
		try(args)
	}
	return faults
}

// call makes one call.
func call(f reflect.Value, variadic bool, args []reflect.Value) (fault string) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case runtime.Error:
			fault = e.Error()
			for skip := range 20 {
				if pc, file, line, ok := runtime.Caller(skip); ok && strings.Contains(file, "polyad/") && !strings.Contains(file, "internal/apitest") {
					fault += fmt.Sprintf(" in %s, %s:%d", runtime.FuncForPC(pc).Name(), file, line)
					break
				}
			}
		case error:
		default:
			fault = fmt.Sprintf("panics with a %T: %v", e, e)
		}
	}()
	if variadic {
		f.CallSlice(args)
	} else {
		f.Call(args)
	}
	return ""
}

// shown returns arguments in a line.
func shown(args []reflect.Value) string {
	var words []string
	for _, a := range args {
		s := fmt.Sprintf("%+v", a)
		if a.Kind() == reflect.Pointer && !a.IsNil() {
			s = fmt.Sprintf("&%+v", a.Elem())
		}
		if len(s) > 120 {
			s = s[:120] + "…"
		}
		words = append(words, s)
	}
	return "(" + strings.Join(words, ", ") + ")"
}

// Package calls all that the package in a folder exports: funcs, by name, and the
// methods of the types of receivers, of which Values has some. Functions that are not
// among funcs, and types without a receiver, are faults; left says why some are left out.
func (h *Hostile) Package(t *testing.T, folder string, funcs map[string]any, receivers []any, left map[string]string) {
	api := Of(t, folder)
	for _, name := range api.Funcs {
		if funcs[name] == nil && left[name] == "" {
			t.Errorf("%s.%s is not called here", folder, name)
		}
	}
	for name, f := range funcs {
		for _, fault := range h.Call(name, reflect.ValueOf(f)) {
			t.Errorf("%s.%s", folder, fault)
		}
	}
	called := map[string]bool{}
	for _, r := range receivers {
		rt := reflect.TypeOf(r)
		base := rt
		if base.Kind() == reflect.Pointer {
			base = base.Elem()
		}
		of, _, _ := strings.Cut(base.Name(), "[")
		called[of] = true
		for i := range rt.NumMethod() {
			m := rt.Method(i)
			for _, fault := range h.Call(of+"."+m.Name, m.Func) {
				// Methods of values, and of what a struct embeds, dereference nil before
				// they begin.
				// What a result tells are its fields, which nil has not.
				if of == "Result" && m.Name != "Transform" && strings.Contains(fault, "(<nil>") {
					continue
				}
				if !strings.Contains(fault, "using nil") && !(strings.Contains(fault, "(<nil>") && !slices.Contains(api.Methods[of], m.Name)) {
					t.Errorf("%s.%s", folder, fault)
				}
			}
		}
	}
	for of := range api.Methods {
		if !called[of] && left[of] == "" {
			t.Errorf("the methods of %s.%s are not called here", folder, of)
		}
	}
}
