package ndio

import (
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
)

// source is an input that counts and hashes what is read from it, and knows its
// length where that can be known.
type source struct {
	r    io.Reader
	head []byte    // bytes that were read ahead and are to be read again
	pos  int64     // bytes handed out so far
	size int64     // bytes in all, -1 when that cannot be known
	hash hash.Hash // sees every byte that comes out of r; may be nil

	// packed is set when the bytes come out of a decompressor: then size is what
	// the file says, and far more than the file has.
	packed bool
}

// hashStep bounds a read when bytes are hashed, so that they are hashed while
// they are still in cache.
const hashStep = 1 << 20

// newSource returns r as a source. h may be nil.
func newSource(r io.Reader, h hash.Hash) (*source, error) {
	size, err := remaining(r)
	if err != nil {
		return nil, err
	}
	return &source{r: r, size: size, hash: h}, nil
}

// remaining returns the number of bytes that are left in r, -1 when that cannot
// be known. Pipes, terminals and devices have no length.
func remaining(r io.Reader) (int64, error) {
	if f, ok := r.(*os.File); ok {
		if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
			return -1, nil
		}
	}
	s, ok := r.(io.Seeker)
	if !ok {
		return -1, nil
	}
	here, err := s.Seek(0, io.SeekCurrent)
	if err != nil {
		return -1, nil
	}
	end, endErr := s.Seek(0, io.SeekEnd)
	if _, err = s.Seek(here, io.SeekStart); err != nil {
		return -1, fmt.Errorf("seeking back to byte %d: %w", here, err)
	}
	if endErr != nil {
		return -1, nil
	}
	return max(end-here, 0), nil
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (n int, err error) {
	if len(s.head) > 0 {
		n = copy(p, s.head)
		s.head = s.head[n:]
	} else {
		n, err = s.pull(p)
	}
	s.pos += int64(n)
	return n, err
}

// pull reads from r and hashes what came.
func (s *source) pull(p []byte) (int, error) {
	if s.hash != nil && len(p) > hashStep {
		p = p[:hashStep]
	}
	n, err := s.r.Read(p)
	if s.hash != nil {
		s.hash.Write(p[:n])
	}
	if pe, ok := err.(*fs.PathError); ok {
		err = pe.Err // callers put the path in front of the whole message
	}
	return n, err
}

// peek returns the next n bytes, fewer at the end of the input, and leaves them
// to be read. It may be called once, before anything is read.
func (s *source) peek(n int) ([]byte, error) {
	head := make([]byte, n)
	got := 0
	for got < n {
		k, err := s.pull(head[got:])
		got += k
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, s.readError(err)
		}
	}
	s.head = head[:got]
	return s.head, nil
}

// full fills p. The input may not end before.
func (s *source) full(p []byte, what string) error {
	_, err := io.ReadFull(s, p)
	switch {
	case err == nil:
		return nil
	case isEnd(err):
		return fmt.Errorf("%w: it ends at byte %d, inside %s; copy or save it again", ErrTruncated, s.pos, what)
	}
	return s.readError(err)
}

// drain reads what is left when bytes are hashed, so that all are covered.
func (s *source) drain() error {
	if s.hash == nil {
		return nil
	}
	if _, err := io.Copy(io.Discard, s); err != nil {
		return s.readError(err)
	}
	return nil
}

// isEnd reports whether io.ReadFull ran into the end of the input.
func isEnd(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// readError tells where reading failed.
func (s *source) readError(err error) error {
	return fmt.Errorf("reading behind byte %d: %w", s.pos, err)
}
