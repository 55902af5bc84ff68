package ndio

import (
	"fmt"
	"strings"
)

// maxListed is how many names an error lists.
const maxListed = 20

// splitName cuts a path such as FILE.npz:NAME at the first colon behind the
// suffix of a format whose files hold several arrays.
func splitName(path string) (file, name string) {
	for i, c := range path {
		if c != ':' {
			continue
		}
		for _, f := range formats {
			if n := i - len(f.suffix); f.named && n >= 0 && strings.EqualFold(path[n:i], f.suffix) {
				return path[:i], path[i+1:]
			}
		}
	}
	return path, ""
}

// several is the error for a file of which no array was chosen.
func several(names []string) error {
	return fmt.Errorf("%w: there are %d, %s; choose one by :NAME behind the file", ErrName, len(names), list(names))
}

// missing is the error for a file that has no array of a name.
func missing(name string, names []string) error {
	if len(names) == 0 {
		return fmt.Errorf("%w: there is no %q, nor any other", ErrName, clip(name))
	}
	return fmt.Errorf("%w: %q is none of %s", ErrName, clip(name), list(names))
}

// list puts names into a line.
func list(names []string) string {
	var b strings.Builder
	for i, name := range names {
		if i == maxListed {
			fmt.Fprintf(&b, " and %d more", len(names)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q", clip(name))
	}
	return b.String()
}
