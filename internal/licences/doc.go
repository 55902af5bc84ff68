// Package licences holds the notices of all that is linked into polyad: its own
// licence, Go's, those of every module that the command is built from on any
// system, and of the recording that is built in. The text is made from the module
// graph by `go generate ./internal/licences`.
package licences

import _ "embed" // the notices are a file

//go:generate go run gen.go

// Text is all notices, one after the other.
//
//go:embed notices.txt
var Text string
