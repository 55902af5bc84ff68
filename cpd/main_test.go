package cpd

import "polyad/internal/fitting"

// The tests here are of fits from the start that they name; package internal/synth has
// those of the choice between several.
func init() { fitting.TryWork = 0 }
