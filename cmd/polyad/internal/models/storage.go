package models

import (
	"fmt"

	"polyad/asm"
	"polyad/cmd/polyad/internal/console"
	"polyad/cmd/polyad/internal/input"
)

// storage compares a model with the data: how many numbers each has, and how many
// bytes these take uncompressed, those of the data as they are in the file.
type storage struct {
	Stored      int     `json:"stored"`
	Data        int     `json:"data"`
	Ratio       float64 `json:"ratio"`
	StoredBytes int     `json:"stored_bytes"`
	DataBytes   int     `json:"data_bytes"`
	BytesRatio  float64 `json:"bytes_ratio"`
}

// storageOf returns it for a model of so many numbers of a type.
func storageOf[T asm.Float](in input.Facts, stored int) *storage {
	s := &storage{Stored: stored, Data: size(in.Shape), StoredBytes: stored * asm.SizeOf[T]()}
	s.DataBytes = s.Data * in.Bytes
	s.Ratio, s.BytesRatio = float64(s.Data)/float64(s.Stored), float64(s.DataBytes)/float64(s.StoredBytes)
	return s
}

// String says it for people.
func (s *storage) String() string {
	return fmt.Sprintf("%d numbers for %d (1 : %.3g), %s for %s (1 : %.3g)",
		s.Stored, s.Data, s.Ratio, console.InBytes(s.StoredBytes), console.InBytes(s.DataBytes), s.BytesRatio)
}

// size is the number of entries of a shape.
func size(shape []int) int {
	n := 1
	for _, k := range shape {
		n *= k
	}
	return n
}
