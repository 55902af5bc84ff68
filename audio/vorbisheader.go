package audio

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
)

// checkVorbis reads the headers of a Vorbis stream as the decoder will, and
// refuses those that would make it allocate without measure or loop for ever:
// counts that the header has no room for, and codebooks that are no complete
// prefix code.
func checkVorbis(identification, comment, setup []byte) error {
	for i, p := range [][]byte{identification, comment, setup} {
		if kind := 2*i + 1; len(p) < 7 || p[0] != byte(kind) || string(p[1:7]) != "vorbis" {
			return vorbisError(kind, "is missing")
		}
	}
	const blockSizes = 28
	if len(identification) <= blockSizes+1 {
		return vorbisError(1, "is cut short")
	}
	short, long := identification[blockSizes]&15, identification[blockSizes]>>4
	if short < 6 || short > long || long > 13 {
		return vorbisError(1, fmt.Sprintf("has blocks of 2^%d and 2^%d samples", short, long))
	}

	rest := comment[7:]
	vendor, ok := uint32(0), len(rest) >= 8
	if ok {
		vendor = binary.LittleEndian.Uint32(rest)
		ok = int64(vendor) <= int64(len(rest)-8)
	}
	if !ok || int64(binary.LittleEndian.Uint32(rest[4+vendor:])) > int64(len(rest))/4 {
		return vorbisError(3, "claims more than it holds")
	}

	r := &lsbReader{data: setup[7:]}
	entries := 0 // of all codebooks
	for n := int(r.read(8)) + 1; n > 0; n-- {
		const most = 1 << 18 // encoders use a tenth of it
		count, what := r.codebook()
		entries += count
		switch {
		case what != "":
			return vorbisError(5, what)
		case r.at > 8*len(r.data):
			return vorbisError(5, "is cut short")
		case entries > most:
			return vorbisError(5, "has absurdly large codebooks")
		}
	}
	return nil
}

func vorbisError(kind int, what string) error {
	name := map[int]string{1: "identification", 3: "comment", 5: "setup"}[kind]
	return fmt.Errorf("OGG is damaged, its Vorbis %s header %s: %w", name, what, ErrFormat)
}

// lsbReader reads numbers of a few bits, the lowest bit first. Beyond the end
// it reads zeros and goes on counting.
type lsbReader struct {
	data []byte
	at   int // in bits
}

func (r *lsbReader) read(n int) (v uint32) {
	for i := range n {
		if b := r.at + i; b < 8*len(r.data) {
			v |= uint32(r.data[b/8]>>(b%8)&1) << i
		}
	}
	r.at += n
	return v
}

// codebook reads a codebook and returns its number of entries, and what is
// wrong with it if anything is.
func (r *lsbReader) codebook() (entries int, what string) {
	const pattern, mostEntries, mostValues = 0x564342, 1 << 16, 1 << 22
	if r.read(24) != pattern {
		return 0, "has no codebook where one belongs"
	}
	dimensions := int(r.read(16))
	entries = int(r.read(24))
	if dimensions == 0 || entries == 0 || entries > mostEntries || entries*dimensions > mostValues {
		return entries, fmt.Sprintf("has a codebook of %d entries and %d dimensions", entries, dimensions)
	}
	if !r.completeCode(entries) {
		return entries, "has an incomplete codebook"
	}
	lookup := r.read(4)
	if lookup > 2 {
		return entries, "has a codebook of unknown type"
	}
	if lookup > 0 {
		r.read(32) // minimum
		r.read(32) // step
		width := int(r.read(4)) + 1
		r.read(1)
		values := entries * dimensions
		if lookup == 1 { // the decoder's formula, since it counts what follows
			values = int(math.Floor(math.Pow(float64(entries), 1/float64(dimensions))))
		}
		r.at += values * width
	}
	return entries, ""
}

// completeCode reads the lengths of code words and reports whether they make a
// complete prefix code: 2^-length sums to 1. One entry alone is one, too.
func (r *lsbReader) completeCode(entries int) bool {
	var sum uint64 // in units of 2^-32
	if ordered := r.read(1) == 1; ordered {
		length := int(r.read(5)) + 1
		for i := 0; i < entries; length++ {
			n := int(r.read(bits.Len(uint(entries - i))))
			if i += n; i > entries || length > 32 {
				return false
			}
			sum += uint64(n) << (32 - length)
		}
	} else {
		sparse := r.read(1) == 1
		for range entries {
			if !sparse || r.read(1) == 1 {
				sum += 1 << (31 - r.read(5))
			}
		}
	}
	return entries == 1 || sum == 1<<32
}
