package ndio

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHeaderFormsThatPythonAccepts(t *testing.T) {
	for _, c := range []struct {
		dict string
		want []int
	}{
		{`{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }`, []int{3, 2}},
		{`{"descr":"<f8","fortran_order":False,"shape":(3,2)}`, []int{3, 2}},
		{`{'shape': (3L, 2L,), 'descr': "<f8", 'fortran_order': False}` + "  \t \n", []int{3, 2}},
		{" \n{ 'fortran_order' : False , 'descr' : '<f8' ,\n'shape' : ( 6 , ) , } ", []int{6}},
		{`{'descr': '<f8', 'fortran_order': False, 'shape': ()}`, []int{}},
		{`{'descr': '<f8', 'fortran_order': True, 'shape': (0, 1073741824)}`, []int{0, 1 << 30}},
	} {
		a, err := ReadNPY(bytes.NewReader(npyBytes(1, c.dict, make([]byte, 48))))
		require.NoError(t, err, c.dict)
		assert.Equal(t, c.want, a.Shape(), c.dict)
	}
}

func TestHostileHeadersAreRefused(t *testing.T) {
	shape := func(s string) string { return dictOf("<f8", "False", s) }
	for dict, says := range map[string]string{
		"":               `"{" is expected`,
		"\n":             `"{" is expected`,
		"{":              "is expected",
		"{}":             `key "descr" is missing`,
		"{,}":            "is expected",
		"[]":             `"{" is expected`,
		"{'descr'}":      `":" is expected`,
		"{'descr: '<f8'": "is expected",
		"{'descr":        "not closed",
		"{'descr': '<f8', 'fortran_order': False}":                                `key "shape" is missing`,
		"{'descr': '<f8', 'shape': (1,)}":                                         `key "fortran_order" is missing`,
		"{'fortran_order': False, 'shape': (1,)}":                                 `key "descr" is missing`,
		"{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (1,)}": `key "descr" stands twice`,
		"{'descr': '<f8', 'fortran_order': False, 'shape': (1,), 'shape': (1,)}":  `key "shape" stands twice`,
		"{'descr': '<f8', 'fortran_order': False, 'shape': (1,), 'x': 1}":         `key "x" is none of`,
		"{'descr': '<f8', 'fortran_order': False, 'shape': (1,), 'a\nb': 1}":      `key "a\nb" is none of`,
		"{'descr': '<f8', 'fortran_order': False 'shape': (1,)}":                  `"}" is expected`,
		"{'descr': '<f8', 'fortran_order': 0, 'shape': (1,)}":                     `"False" is expected`,
		"{'descr': '<f8', 'fortran_order': Falsehood, 'shape': (1,)}":             "is expected",
		"{'descr': '\\x3cf8', 'fortran_order': False, 'shape': (1,)}":             "escape",
		"{'descr': 8, 'fortran_order': False, 'shape': (1,)}":                     "is expected",
		"{'descr': '<f8', 'fortran_order': False, 'shape': (1,)} x":               `"x" stands behind`,
		"{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}{}":               `"{}" stands behind`,
		"{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}\x00":             "stands behind",
		shape("(-1,)"):                   "negative",
		shape("(3, -2)"):                 "negative",
		shape("(3)"):                     `"," is expected`,
		shape("3"):                       `"(" is expected`,
		shape("[3]"):                     `"(" is expected`,
		shape("(,)"):                     "size is expected",
		shape("(3,,)"):                   "size is expected",
		shape("(3 4)"):                   "is expected",
		shape("(3.0,)"):                  "is expected",
		shape("(1e3,)"):                  "is expected",
		shape("(0x3,)"):                  "is expected",
		shape("(+3,)"):                   "size is expected",
		shape("(None,)"):                 "size is expected",
		shape("(3,"):                     "size is expected",
		shape("(3LL,)"):                  "is expected",
		shape("(99999999999999999999,)"): "too large",
		shape("(" + strings.Repeat("9", 5000) + ",)"): "too large",
		shape("(" + strings.Repeat("1,", 65) + ")"):   "more than 64 modes",
		shape("(" + strings.Repeat("2,", 64) + ")"):   "larger than any memory",
		shape("(4294967296, 4294967296)"):             "large",
		strings.Repeat("{", 1000):                     "is expected",
		strings.Repeat("{'descr': ", 1000):            "is expected",
	} {
		for name, r := range readers(npyBytes(1, dict, make([]byte, 64))) {
			_, err := ReadNPY(r)
			require.ErrorIs(t, err, ErrFormat, "%.80q %s", dict, name)
			assert.ErrorContains(t, err, says, "%.80q", dict)
			assertOneLine(t, err)
			assert.Less(t, len(err.Error()), 600)
		}
	}
}

func TestHeaderErrorsNameTheByteInTheFile(t *testing.T) {
	file := npyBytes(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (1, -2)}", nil)
	at := bytes.IndexByte(file, '-')
	_, err := ReadNPY(bytes.NewReader(file))
	assert.ErrorContains(t, err, fmt.Sprintf("byte %d:", at))
}

func TestStructuredTypesAreRefusedInEveryForm(t *testing.T) {
	for _, descr := range []string{"[('é', '<f4'), ('n', '<i4')]", "('<f4', (3,))", "[]"} {
		dict := "{'descr': " + descr + ", 'fortran_order': False, 'shape': (1,), }"
		_, err := ReadNPY(bytes.NewReader(npyBytes(3, dict, nil)))
		require.ErrorIs(t, err, ErrType, descr)
		assert.ErrorContains(t, err, "structured")
	}
}

func TestHostileMagicVersionAndLengthAreRefused(t *testing.T) {
	good := npyBytes(1, dictOf("<f8", "False", "(1,)"), make([]byte, 8))
	with := func(i int, b ...byte) []byte {
		c := bytes.Clone(good)
		copy(c[i:], b)
		return c
	}
	huge := binary.LittleEndian.AppendUint32([]byte("\x93NUMPY\x02\x00"), 1<<32-1)
	for name, file := range map[string][]byte{
		"magic":             with(0, 0x94),
		"lower case":        with(1, 'n'),
		"zip":               []byte("PK\x03\x04 and so on"),
		"text":              []byte("1,2,3\n4,5,6\n"),
		"version 0":         with(6, 0),
		"version 4":         with(6, 4),
		"minor 1":           with(7, 1),
		"header of 4 GiB":   huge,
		"not UTF-8":         npyBytes(3, dictOf("<f8", "False", "(1,)")+"\xff", make([]byte, 8)),
		"header length + 1": with(8, good[8]+1),
		"header length - 2": with(8, good[8]-2),
	} {
		for how, r := range readers(file) {
			_, err := ReadNPY(r)
			require.ErrorIs(t, err, ErrFormat, "%s %s", name, how)
			assertOneLine(t, err)
		}
	}
	_, err := ReadNPY(strings.NewReader("\x93NUM"))
	assert.ErrorIs(t, err, ErrTruncated)
}
