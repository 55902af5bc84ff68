// Package audio brings recordings in, turns them into spectrograms, and turns
// models of spectrograms back into sound.
//
// # Recordings
//
// [ReadFile] and [Decode] read WAV (RF64, W64), AIFF, FLAC, Ogg Vorbis and MP3
// into a [Sound]; [WriteWAV] writes one. FLAC and Vorbis are decoded by other
// packages, the rest here. Rates go up to [MaxRate], channels to [MaxChannels],
// and memory is weighed before it is taken. [Builtin] is a recording that comes
// with the package. Nothing is resampled: a model keeps the rate of its recording.
//
// # Spectrograms
//
// [Transform] is the short-time Fourier transform with a periodic Hann window
// g of N samples and a hop of L samples,
//
//	X[f, t] = Σ_n g[n] · x[t·L - ⌊N/2⌋ + n] · exp(-2πi·f·n/N),   0 ≤ f ≤ N/2,
//
// where x is 0 outside the recording. So frame t is centred at sample t·L, and a
// recording of M samples has 1 + ⌊M/L⌋ frames; where that would leave its end
// under the rim of the last window (which takes L > N/4), there is one more. The
// amplitude is the plain one of this formula, as in most other libraries: a sine
// of amplitude A in the middle of a bin has magnitude A·N/4 there. A frame costs
// one real FFT, O(N log N); N has no prime factor above 5 ([GoodSize]).
//
// [STFT.Inverse] is the weighted overlap-add
//
//	x[m] = Σ_t g[m'] · y_t[m'] / Σ_t g[m']²,   m' = m - t·L + ⌊N/2⌋,
//
// y_t being the inverse transform of frame t. It gives x back to rounding, and
// for spectra that are no transform of any signal it gives the signal whose
// transform is nearest in the least-squares sense (Griffin and Lim, IEEE
// Transactions on ASSP 32, 1984).
//
// # Components back to sound
//
// A nonnegative model W·H of the magnitudes (bins x r times r x frames) gives
// each component q a soft mask,
//
//	M_q[f, t] = (W[f, q]·H[q, t])^α / Σ_s (W[f, s]·H[s, t])^α,
//
// with α = 1 unless told otherwise; α = 2 makes it the Wiener filter. The stem of
// q is the inverse transform of M_q·X, with the phase of the mixture. Masks sum
// to 1, so stems sum to the mixture to rounding. [Masks.Stem] computes one stem
// at a time, frame by frame: one FFT and r·N/2 multiplications per frame, and no
// memory but the stem; [WriteStems] writes them all to files that add up to the
// recording.
//
// Functions that describe components in words and numbers ([Describe],
// [Peaks], [Plays], [Shares], [NoteName]) serve reports.
//
// Functions whose names end in Context end with it and return its cause.
//
// Everything gives the same bits for any number of workers. Errors wrap
// [ErrFormat], [ErrTruncated], [ErrUnsupported], [ErrOption], [ErrData] or
// [ErrMemory].
package audio
