// Package ndio reads and writes arrays of numbers: .npy and .npz files as numpy
// writes them, and tables in .csv and .tsv files. It also reads tables in .txt and
// .dat files, matrices in Matrix Market files (.mtx) and numeric arrays in MATLAB
// files (.mat, up to version 7), and what gzip has packed.
//
// [ReadFile] reads a file by its suffix and [Decode] a stream by its first
// bytes; both return an [Array], which holds float32 or float64 elements. [Load]
// is ReadFile for a caller who has already chosen the element type. [ReadFileSum]
// and [DecodeSum] also return the SHA-256 of all bytes. [WriteFile] writes by
// suffix, [WriteNPZFile] several arrays, and a file appears whole or not at all.
// [ReadNPY], [WriteNPY], [WriteNPZ], [ReadCSV] and [WriteCSV] work on streams of
// one format, [NPYWriter] writes one piece by piece.
//
// # Names
//
// .npz and .mat files hold arrays with names. FILE.npz:NAME and FILE.mat:NAME
// choose one; a file that holds one array needs no name.
//
// Tables name their columns in a header line and their rows in an index column,
// which become [Array.Names]. They are told from data where they differ from it, and
// [Array.Remarks] tell people what was taken for what; [Options] say otherwise.
//
// # Elements
//
// float32 stays float32, and float16 becomes it; float64, integers of 8 to 64 bits, booleans and the
// numbers of a table become float64. Integers beyond 2^53 are rounded to the
// nearest float64. NaN and Inf are read as they stand: whether they are welcome
// is for the caller to say.
//
// # Files that lie
//
// A file is data of unknown origin. Headers are checked before anything of their
// size is allocated. Where the length of the input can be known (a regular file,
// any io.Seeker) it is compared with the length that the header claims; for any
// other stream memory is allocated as data arrive. Compressed and sparse files may
// stand for arrays far larger than themselves: those are weighed against what the
// compression can hold and against the memory that is free. No input makes this
// package panic.
//
// Errors are one line and wrap [ErrFormat], [ErrTruncated], [ErrType],
// [ErrShape], [ErrName], [ErrMemory], [ErrOption] or [ErrSuffix], or what the reader or the
// file system returned.
// Those about a named file begin with its path.
package ndio
