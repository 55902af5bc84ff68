package audio

import (
	"context"
	"io"
	"math"
)

// WriteStems writes the stem of every component of a recording as a WAV file into
// what create returns for it, and closes that. The mixture are the transforms of
// the channels of sound.
//
// The stems are written with the integers of the recording when all of them fit,
// and else all as Float32, as they are for recordings of floats and those of
// which OGG and MP3 keep no samples; then create is called once more for those
// that have been written. No sample is clipped. What is lost in rounding a sample
// of one stem is added to the next one that sounds, so that the files add up, sample
// by sample: to the recording itself for integers, and to half a unit in the last
// place of one stem for floats. Where a stem is silent, its file is.
//
// The encoding that was used is returned; the recording can be written with it.
// When the context ends first, its cause is.
func WriteStems(ctx context.Context, m *Masks, sound Sound, mixture []*STFT, create func(q int) (io.WriteCloser, error)) (Encoding, error) {
	e := sound.Encoding
	if e.float() {
		e = Float32
	}
	for {
		fit, err := writeStems(ctx, m, e, mixture, create)
		if err != nil || fit {
			return e, err
		}
		e = Float32
	}
}

// writeStems writes all stems in one encoding; it stops at the first that does
// not fit.
func writeStems(ctx context.Context, m *Masks, e Encoding, mixture []*STFT, create func(q int) (io.WriteCloser, error)) (fit bool, err error) {
	var lost [][]float64 // by rounding so far
	for q := range m.Components() {
		stem, err := m.StemContext(ctx, q, mixture...)
		if err != nil {
			return false, err
		}
		if lost == nil {
			for _, x := range stem.Channels {
				lost = append(lost, make([]float64, len(x)))
			}
		}
		for c, x := range stem.Channels {
			if ctx.Err() != nil {
				return false, context.Cause(ctx)
			}
			if !e.round(x, lost[c]) {
				return false, nil
			}
		}
		if err := writeStem(ctx, stem, e, q, create); err != nil {
			return false, err
		}
	}
	return true, nil
}

func writeStem(ctx context.Context, stem Sound, e Encoding, q int, create func(q int) (io.WriteCloser, error)) (err error) {
	out, err := create(q)
	if err != nil {
		return err
	}
	defer func() {
		if closed := out.Close(); err == nil {
			err = closed
		}
	}()
	_, err = WriteWAVContext(ctx, out, stem, e) // which clips nothing: all samples fit
	return err
}

// round turns samples into numbers that the encoding holds, and keeps what is
// lost: lost is added before and gets the difference. Zeros stay. It reports
// whether all numbers are within the encoding.
func (e Encoding) round(x, lost []float64) (fit bool) {
	full := e.fullScale()
	fit = true
	for i, v := range x {
		if v == 0 {
			continue
		}
		v += lost[i]
		if full > 0 {
			code := math.Round(v * full)
			fit = fit && code >= -full && code < full
			x[i] = code / full
		} else {
			x[i] = float64(float32(v))
		}
		lost[i] = v - x[i]
	}
	return fit
}
