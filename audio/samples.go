package audio

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
)

// coding is a way in which samples are stored, one after the other.
type coding struct {
	encoding Encoding
	width    int // bytes
	decode   func([]byte) float64
}

// pcm returns the coding of integers of 8, 16, 24 or 32 bits, which full scale
// divides. Those of 8 bits may be unsigned, with 128 as their zero.
func pcm(bits int, order binary.ByteOrder, unsigned bool) (c coding, ok bool) {
	c = coding{encoding: integers(bits), width: bits / 8}
	big := order == binary.BigEndian
	switch {
	case bits == 8 && unsigned:
		c.decode = func(b []byte) float64 { return (float64(b[0]) - 128) / 128 }
	case bits == 8:
		c.decode = func(b []byte) float64 { return float64(int8(b[0])) / 128 }
	case bits == 16:
		c.decode = func(b []byte) float64 { return float64(int16(order.Uint16(b))) / (1 << 15) }
	case bits == 24 && big:
		c.decode = func(b []byte) float64 {
			return float64(int32(uint32(b[0])<<24|uint32(b[1])<<16|uint32(b[2])<<8)) / (1 << 31)
		}
	case bits == 24:
		c.decode = func(b []byte) float64 {
			return float64(int32(uint32(b[0])<<8|uint32(b[1])<<16|uint32(b[2])<<24)) / (1 << 31)
		}
	case bits == 32:
		c.decode = func(b []byte) float64 { return float64(int32(order.Uint32(b))) / (1 << 31) }
	default:
		return c, false
	}
	return c, true
}

// floats returns the coding of floating-point numbers of 32 or 64 bits.
func floats(bits int, order binary.ByteOrder) (c coding, ok bool) {
	switch bits {
	case 32:
		return coding{Float32, 4, func(b []byte) float64 { return float64(math.Float32frombits(order.Uint32(b))) }}, true
	case 64:
		return coding{Float64, 8, func(b []byte) float64 { return math.Float64frombits(order.Uint64(b)) }}, true
	}
	return c, false
}

// The codings of ITU-T G.711: a sign, an exponent of three bits and a mantissa
// of four, which make integers of 13 and 14 bits.
var (
	aLaw  = coding{PCM16, 1, func(b []byte) float64 { return float64(aLawCodes[b[0]]) / (1 << 15) }}
	muLaw = coding{PCM16, 1, func(b []byte) float64 { return float64(muLawCodes[b[0]]) / (1 << 15) }}

	aLawCodes, muLawCodes = func() (a, mu [256]int16) {
		for i := range 256 {
			code := i ^ 0x55 // every other bit is stored inverted
			exponent, mantissa := code>>4&7, code&15
			v := mantissa<<4 + 8
			if exponent > 0 {
				v = (v + 0x100) << (exponent - 1)
			}
			a[i] = int16(v)
			if code&0x80 == 0 {
				a[i] = -a[i]
			}
			code = ^i // all bits are
			exponent, mantissa = code>>4&7, code&15
			v = (mantissa<<3+0x84)<<exponent - 0x84
			mu[i] = int16(v)
			if code&0x80 != 0 {
				mu[i] = -mu[i]
			}
		}
		return a, mu
	}()
)

// layout is what the header of an uncompressed recording says.
type layout struct {
	coding
	rate, channels int
}

func (l layout) block() int { return l.width * l.channels } // bytes per frame

// sound decodes samples. Of an incomplete frame at the end nothing is left.
func (l layout) sound(ctx context.Context, raw []byte) (Sound, error) {
	frames := len(raw) / l.block()
	s := Sound{Rate: l.rate, Channels: make([][]float64, l.channels), Encoding: l.encoding}
	if err := weigh(fmt.Sprintf("a recording of %d samples in %d channels", frames, l.channels), 8*int64(frames)*int64(l.channels)); err != nil {
		return Sound{}, err
	}
	for c := range s.Channels {
		x := make([]float64, frames)
		for i, o := 0, c*l.width; i < frames; i, o = i+1, o+l.block() {
			if i%(1<<20) == 0 && ctx.Err() != nil {
				return Sound{}, context.Cause(ctx)
			}
			x[i] = l.decode(raw[o:])
		}
		s.Channels[c] = x
	}
	return s, nil
}
