package audio_test

import (
	"bytes"
	"fmt"
	"math"

	"polyad/audio"
	"polyad/matrix"
)

// tone returns a sine of the given frequency and amplitude that begins and ends
// at the given times, in n samples at 8 kHz.
func tone(n int, hz, amplitude, start, end float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		if t := float64(i) / 8000; t >= start && t < end {
			x[i] = amplitude * math.Sin(2*math.Pi*hz*t)
		}
	}
	return x
}

func ExampleReadFile() {
	s, err := audio.ReadFile("../testdata/audio/loop_tabla.flac")
	fmt.Printf("%d channels, %d Hz, %.2f s, %v\n", len(s.Channels), s.Rate, s.Seconds(), err)
	_, err = audio.ReadFile("song.m4a")
	fmt.Println(err)
	// Output:
	// 2 channels, 44100 Hz, 10.67 s, <nil>
	// song.m4a: MPEG-4 audio is not read; convert it: ffmpeg -i song.m4a song.wav
}

func ExampleWriteWAV() {
	s := audio.Sound{Rate: 8000, Channels: [][]float64{{0, 0.5, -0.5, 1.5}}}
	var file bytes.Buffer
	clipped, err := audio.WriteWAV(&file, s, audio.PCM16)
	fmt.Println(file.Len(), "bytes,", clipped, "clipped,", err)
	back, err := audio.ReadWAV(&file)
	fmt.Printf("%.3f %v\n", back.Channels[0], err)
	// Output:
	// 52 bytes, 1 clipped, <nil>
	// [0.000 0.500 -0.500 1.000] <nil>
}

func ExampleBuiltin() {
	s, err := audio.Builtin()
	fmt.Printf("%s: %d channel, %d Hz, %.1f s, %v\n", audio.BuiltinName, len(s.Channels), s.Rate, s.Seconds(), err)
	for _, p := range audio.BuiltinSections()[:3] {
		fmt.Printf("%2.0f s to %2.0f s: %s\n", p.Start, p.End, p.Label)
	}
	// Output:
	// susanna.ogg: 1 channel, 22050 Hz, 112.0 s, <nil>
	//  0 s to  8 s: intro
	//  8 s to 24 s: verse
	// 24 s to 40 s: chorus
}

func ExampleTransform() {
	x := tone(8000, 1000, 0.5, 0, 1)
	s, err := audio.Transform(x, 8000, audio.Options{Size: 512, Hop: 128})
	if err != nil {
		fmt.Println(err)
		return
	}
	v := s.Magnitude()
	fmt.Println(v.Rows, "bins of", s.Frequency(1), "Hz,", v.Cols, "frames")
	fmt.Printf("%.1f Hz at %.3f s: %.1f\n", s.Frequency(64), s.Time(30), v.At(64, 30))

	var worst float64
	for i, y := range s.Inverse() {
		worst = max(worst, math.Abs(y-x[i]))
	}
	fmt.Println("back again:", worst < 1e-12)
	// Output:
	// 257 bins of 15.625 Hz, 63 frames
	// 1000.0 Hz at 0.480 s: 64.0
	// back again: true
}

func ExampleMasks_Stem() {
	// Two tones at once, and a model that knows their spectra.
	low, high := tone(8000, 250, 0.5, 0, 1), tone(8000, 2000, 0.25, 0, 1)
	mix := make([]float64, len(low))
	for i := range mix {
		mix[i] = low[i] + high[i]
	}
	s, _ := audio.Transform(mix, 8000, audio.Options{})
	w, h := matrix.New[float64](s.Bins, 2), matrix.New[float64](2, s.Frames)
	for f := range s.Bins {
		w.Set(f, 0, math.Exp(-math.Abs(s.Frequency(f)-250)/20))
		w.Set(f, 1, math.Exp(-math.Abs(s.Frequency(f)-2000)/20))
	}
	for t := range s.Frames {
		h.Set(0, t, 1)
		h.Set(1, t, 0.5)
	}

	masks, err := audio.NewMasks(w, h, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	for q := range masks.Components() {
		stem, _ := masks.Stem(q, s)
		var energy float64
		for _, v := range stem.Mono() {
			energy += v * v / 8000
		}
		fmt.Printf("stem %d: amplitude %.3f\n", q, math.Sqrt(2*energy))
	}
	// Output:
	// stem 0: amplitude 0.500
	// stem 1: amplitude 0.250
}

func ExampleDescribe() {
	x := tone(32000, 440, 0.5, 1, 3)
	s, _ := audio.Transform(x, 8000, audio.Options{})
	v := s.Magnitude()
	w, h := matrix.New[float64](s.Bins, 1), matrix.New[float64](1, s.Frames)
	for f := range s.Bins {
		w.Set(f, 0, v.At(f, s.Frames/2))
	}
	for t := range s.Frames {
		h.Set(0, t, v.At(28, t))
	}

	components, err := audio.Describe(s, w, h)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range components {
		fmt.Printf("%.0f %% of the energy, %s, %.1f s to %.1f s\n",
			100*c.Share, audio.NoteName(c.Peaks[0].Hz), c.Plays[0].Start, c.Plays[0].End)
	}
	// Output:
	// 100 % of the energy, A4, 0.9 s to 3.1 s
}
