package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"polyad/cmd/polyad/internal/models"
	"polyad/cpd"
	"polyad/nmf"
	"polyad/tucker"
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
	for _, key := range []string{"nmf method", "nmf balance", "cpd method", "cpd balance", "tucker method", "tucker balance"} {
		verb, flag, _ := strings.Cut(key, " ")
		words := completed(key)
		assert.NotEmpty(t, words, key)
		for _, w := range words {
			_, _, stderr := call(verb, "no.npy", "-r", "2", "--"+flag, w)
			assert.NotContains(t, stderr, "want", "%s %s", key, w)
		}
	}
}

// completed returns the words that are completed for a flag, or for "VERB FLAG".
func completed(key string) []string {
	if verb, flag, found := strings.Cut(key, " "); found {
		return models.Values(verb, flag)
	}
	return strings.Fields(flagValues[key])
}

// wordsOf returns the words that a parser lists when it is given none of them.
func wordsOf(t *testing.T, parse func(word string) error) []string {
	err := parse("nonsense")
	require.Error(t, err)
	list := regexp.MustCompile(`, | or `).Split(err.Error()[strings.Index(err.Error(), "want ")+5:], -1)
	for _, w := range list {
		require.NoError(t, parse(w), w)
	}
	return list
}

func TestCompletedWordsAreThoseOfThePackages(t *testing.T) {
	for key, parse := range map[string]func(string) error{
		"nmf method":     func(w string) error { _, err := nmf.ParseMethod(w); return err },
		"cpd method":     func(w string) error { _, err := cpd.ParseMethod(w); return err },
		"tucker method":  func(w string) error { _, err := tucker.ParseMethod(w); return err },
		"nmf init":       func(w string) error { _, err := nmf.ParseStart(w); return err },
		"cpd init":       func(w string) error { _, err := cpd.ParseStart(w); return err },
		"tucker init":    func(w string) error { _, err := tucker.ParseStart(w); return err },
		"nmf balance":    func(w string) error { return new(nmf.Balance).UnmarshalText([]byte(w)) },
		"cpd balance":    func(w string) error { return new(cpd.Balance).UnmarshalText([]byte(w)) },
		"tucker balance": func(w string) error { return new(tucker.Balance).UnmarshalText([]byte(w)) },
		"order":          func(w string) error { return new(nmf.Order).UnmarshalText([]byte(w)) },
	} {
		want := wordsOf(t, parse)
		if key == "tucker method" {
			want = append(want, "hosvd") // no method of a fit: it is computed at once
		}
		assert.ElementsMatch(t, want, completed(key), key)
	}
}
