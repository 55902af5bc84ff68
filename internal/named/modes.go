package named

import (
	"fmt"
	"strconv"
	"strings"
)

// Modes are the modes of an array and what stands for several, or for the core, by
// negative numbers. Their text has commas between them.
type Modes struct {
	Words map[int]string // of negative numbers
	Err   error          // that errors wrap
}

// Text returns a list in words.
func (m *Modes) Text(list []int) ([]byte, error) {
	words := make([]string, len(list))
	for i, n := range list {
		word, ok := m.Words[n]
		switch {
		case n >= 0:
			word = strconv.Itoa(n)
		case !ok:
			return nil, m.fail(strconv.Itoa(n))
		}
		words[i] = word
	}
	return []byte(strings.Join(words, ",")), nil
}

// String returns a list in words, and numbers that have none as they are.
func (m *Modes) String(list []int) string {
	text, err := m.Text(list)
	if err != nil {
		return fmt.Sprint(list)
	}
	return string(text)
}

// Parse reads what Text returns. An empty text is an empty list, which is not nil.
func (m *Modes) Parse(text string) ([]int, error) {
	list := []int{}
	if strings.TrimSpace(text) == "" {
		return list, nil
	}
next:
	for _, w := range strings.Split(text, ",") {
		w = strings.TrimSpace(w)
		for n, word := range m.Words {
			if w == word {
				list = append(list, n)
				continue next
			}
		}
		n, err := strconv.Atoi(w)
		if err != nil || n < 0 {
			return nil, m.fail(w)
		}
		list = append(list, n)
	}
	return list, nil
}

func (m *Modes) fail(word string) error {
	want := []string{"mode numbers from 0 with commas between them"}
	for _, w := range []string{"all", "core"} {
		for _, known := range m.Words {
			if known == w {
				want = append(want, w)
			}
		}
	}
	return &Error{Option: "modes", Word: word, Want: want, Err: m.Err}
}
