package audio

import (
	"context"
	"errors"
	"fmt"

	"polyad/internal/memory"
)

// What a recording may have. A header that claims more is taken for damaged: sizes
// of windows grow with the rate, and memory with the channels.
const (
	// MaxRate is the highest rate in Hz, 64 times 48 kHz.
	MaxRate = 64 * 48000
	// MaxChannels is the largest number of channels.
	MaxChannels = 256
)

// ErrMemory: a recording or a transform that does not fit the memory that is
// free.
var ErrMemory = errors.New("not enough memory")

// checkShape refuses rates and numbers of channels that are out of bounds.
func checkShape(kind Kind, channels, rate int) error {
	switch {
	case rate < 1 || rate > MaxRate:
		return fmt.Errorf("%s has a rate of %d Hz, which is outside [1, %d]: %w", kind, rate, MaxRate, ErrFormat)
	case channels < 1:
		return fmt.Errorf("%s has %d channels: %w", kind, channels, ErrFormat)
	case channels > MaxChannels:
		return fmt.Errorf("%s has %d channels, at most %d are read: %w", kind, channels, MaxChannels, ErrUnsupported)
	}
	return nil
}

const weighFrom = 1 << 26 // bytes; less is not weighed

// freeMemory is a variable for tests.
var freeMemory = memory.Free

// weigh refuses what does not fit the memory that is free.
func weigh(what string, bytes int64) error {
	if bytes < weighFrom {
		return nil
	}
	if free := freeMemory(); bytes > free {
		return fmt.Errorf("%s takes %.1f GB, and %.1f GB are free: %w", what, float64(bytes)/1e9, float64(free)/1e9, ErrMemory)
	}
	return nil
}

// collector gathers the samples of a stream whose length is not known before its
// end. Memory is weighed before it grows.
type collector struct {
	ctx      context.Context
	channels [][]float64
}

func newCollector(ctx context.Context, channels int) *collector {
	return &collector{ctx: ctx, channels: make([][]float64, channels)}
}

func (c *collector) frames() int { return len(c.channels[0]) }

// extend appends n samples to each channel, all of them zero, and returns where
// they begin.
func (c *collector) extend(n int) (from int, err error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	from = c.frames()
	if need := from + n; need > cap(c.channels[0]) {
		size := max(need, 2*from)
		if err := weigh(fmt.Sprintf("a recording of %d samples in %d channels", size, len(c.channels)), 8*int64(size)*int64(len(c.channels))); err != nil {
			return 0, err
		}
		for i, x := range c.channels {
			c.channels[i] = append(make([]float64, 0, size), x...)
		}
	}
	for i, x := range c.channels {
		c.channels[i] = x[:from+n]
	}
	return from, nil
}
