package asm

import (
	"fmt"
	"reflect"
	"slices"
)

// recorded returns a copy of a table whose kernels note that they are called, and
// what tells which of them, those of its tiles among them, never were.
func recorded[T Float](ker *Kernels[T]) (noted *Kernels[T], missing func() []string) {
	var called []*string // nil once the kernel was called
	var walk func(v reflect.Value, name string)
	walk = func(v reflect.Value, name string) {
		switch v.Kind() {
		case reflect.Func:
			if v.IsNil() {
				return
			}
			kernel := reflect.ValueOf(v.Interface())
			at := len(called)
			called = append(called, &name)
			v.Set(reflect.MakeFunc(v.Type(), func(args []reflect.Value) []reflect.Value {
				called[at] = nil
				return kernel.Call(args)
			}))
		case reflect.Struct:
			for i := range v.NumField() {
				walk(v.Field(i), name+"."+v.Type().Field(i).Name)
			}
		case reflect.Slice, reflect.Array:
			if v.Kind() == reflect.Slice {
				copied := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
				reflect.Copy(copied, v)
				v.Set(copied)
			}
			for i := range v.Len() {
				walk(v.Index(i), fmt.Sprintf("%s[%d]", name, i))
			}
		}
	}
	copied := *ker
	walk(reflect.ValueOf(&copied).Elem(), ker.Level.String())
	return &copied, func() (names []string) {
		for _, name := range called {
			if name != nil {
				names = append(names, *name)
			}
		}
		slices.Sort(names)
		return names
	}
}
