package main

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"os"

	"polyad/matrix"
)

// readIDX reads at most limit pictures of an idx file of bytes with three modes:
// a big-endian header 0x00000803, number, height, width, and then the pixels
// (http://yann.lecun.com/exdb/mnist). It may be gzipped.
func readIDX(path string, limit int) (x *matrix.Dense[float32], width int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s: %w", path, err)
		}
	}()
	r := bufio.NewReader(f)
	if magic, _ := r.Peek(2); len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, 0, err
		}
		r = bufio.NewReader(z)
	}
	var head struct{ Magic, Number, Height, Width uint32 }
	if err := binary.Read(r, binary.BigEndian, &head); err != nil {
		return nil, 0, fmt.Errorf("header: %w", err)
	}
	const largest = 4096 // pixels of an edge
	if head.Magic != 0x803 {
		return nil, 0, fmt.Errorf("is no idx file of pictures: it begins with %#08x, want 0x00000803", head.Magic)
	}
	if head.Number == 0 || head.Height == 0 || head.Width == 0 || head.Height > largest || head.Width > largest {
		return nil, 0, fmt.Errorf("%d pictures of %d x %d pixels; want at least one, of at most %d x %d", head.Number, head.Height, head.Width, largest, largest)
	}
	picture := make([]byte, int(head.Height)*int(head.Width))
	var pictures []float32 // a picture a row; grows as pictures arrive
	n := int(min(int64(head.Number), int64(limit)))
	for j := range n {
		if _, err := io.ReadFull(r, picture); err != nil {
			return nil, 0, fmt.Errorf("picture %d of %d: %w", j+1, head.Number, err)
		}
		for _, v := range picture {
			pictures = append(pictures, float32(v))
		}
	}
	return matrix.Of(n, len(picture), pictures).Transpose(), int(head.Width), nil
}
