package ndio

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
)

const (
	gzipMagic  = "\x1f\x8b"
	gzipSuffix = ".gz"
)

// unpacked returns the input that is to be decoded, which is s itself or what gzip
// made s of, and its first bytes, which are still to be read. Nothing may have been
// read of s.
func (s *source) unpacked() (in *source, head []byte, err error) {
	if head, err = s.peek(peekMagic); err != nil || !strings.HasPrefix(string(head), gzipMagic) {
		return s, head, err
	}
	z, err := gzip.NewReader(s)
	if err != nil {
		return nil, nil, gunzip{}.explain(err)
	}
	in = &source{r: gunzip{z}, size: -1, packed: true}
	head, err = in.peek(peekMagic)
	return in, head, err
}

// gunzip reads what gzip has packed and says of its errors that it is the file's
// fault.
type gunzip struct{ r io.Reader }

func (g gunzip) Read(p []byte) (int, error) {
	n, err := g.r.Read(p)
	if err != nil && err != io.EOF {
		err = g.explain(err)
	}
	return n, err
}

func (gunzip) explain(err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), err == io.EOF:
		return fmt.Errorf("%w: the gzip stream ends too early; copy it again", ErrTruncated)
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum):
		return fmt.Errorf("%w: %w; copy it again", ErrFormat, err)
	}
	return unpackError(err)
}
