package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestShellsCompleteValues(t *testing.T) {
	for line, want := range map[string][]string{
		"nmf X.npy --loss ":       {"frobenius", "kl", "is"},
		"nmf X.npy --method a":    {"als", "anls"},
		"cpd X.npy --method ":     {"als", "hals", "mu"},
		"tucker X.npy --balance ": {"auto", "none", "scalar", "sinkhorn"},
		"nmf X.npy --init nn":     {"nndsvd", "nndsvda", "nndsvdar"},
		"cpd X.npy --missing ":    {"nan"},
	} {
		code, stdout, _ := call(append([]string{"__complete"}, strings.Split(line, " ")...)...)
		require.Zero(t, code, line)
		lines := strings.Split(strings.TrimSpace(stdout), "\n")
		assert.Equal(t, want, lines[:len(lines)-1], line)
	}
	// Each word is one that the verb takes.
	for key, words := range flagValues {
		verb, flag, found := strings.Cut(key, " ")
		if !found || verb == "transform" || flag == "init" {
			continue
		}
		for _, w := range strings.Fields(words) {
			_, _, stderr := call(verb, "no.npy", "-r", "2", "--"+flag, w)
			assert.NotContains(t, stderr, "want", "%s %s", key, w)
		}
	}
}
