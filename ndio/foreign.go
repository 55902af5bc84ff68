package ndio

import (
	"fmt"
	"strings"
)

// peekMagic is how many bytes tell formats apart.
const peekMagic = 64

// signature is how a file of a kind that is not read, or not under every suffix,
// begins.
type signature struct {
	magic string
	ours  string // the suffix under which it is read, "" when it is not
	what  string
	mend  string
}

const (
	unpackFirst = "unpack it first"
	asCSV       = "save it as .csv"
	octaveAgain = "in Octave, save -v7 FILE.mat X, or csvwrite(\"FILE.csv\", X)"
)

var signatures = []signature{
	{npyMagic, ".npy", "a .npy file", "name it so"},
	{mtxMagic, ".mtx", "a Matrix Market file", "name it .mtx"},
	{"MATLAB 5.0 MAT-file", ".mat", "a MATLAB file", "name it .mat"},
	{hdf5Magic, ".mat", "an HDF5 file", "save the array as .npy"}, // .mat says which version writes it
	{zipMagic, ".npz", "a zip archive, such as an Excel workbook", "save its sheet as .csv, or name a .npz file so"},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "", "an old Excel workbook", "save its sheet as .csv"},
	{"Octave-1-L", "", "a file in Octave's binary format", octaveAgain},
	{"Octave-1-B", "", "a file in Octave's binary format", octaveAgain},
	{"# Created by Octave", "", "a file in Octave's text format", octaveAgain},
	{"# name: ", "", "a file in Octave's text format", octaveAgain},
	{"BZh91AY&SY", "", "packed by bzip2", unpackFirst},
	{"\xfd7zXZ\x00", "", "packed by xz", unpackFirst},
	{"\x28\xb5\x2f\xfd", "", "packed by zstd", unpackFirst},
	{"PAR1", "", "a Parquet file", asCSV},
	{"ARROW1\x00", "", "an Arrow file", asCSV},
	{"RDX2\n", "", "an R data file", "in R, write.csv it"},
	{"RDX3\n", "", "an R data file", "in R, write.csv it"},
	{"X\n\x00\x00\x00", "", "an R data file", "in R, write.csv it"},
	{"\x80\x03", "", "a Python pickle", "save the array with numpy.save"},
	{"\x80\x04\x95", "", "a Python pickle", "save the array with numpy.save"},
	{"\x80\x05\x95", "", "a Python pickle", "save the array with numpy.save"},
	{"<!DOCTYPE html", "", "a web page", "download the data themselves"},
	{"<!doctype html", "", "a web page", "download the data themselves"},
	{"<html", "", "a web page", "download the data themselves"},
}

// foreign returns an error that names the kind of a file that begins so and is of
// another kind than its format.
func foreign(form *format, head []byte) error {
	text := strings.TrimPrefix(string(head), "\ufeff")
	for _, s := range signatures {
		if strings.HasPrefix(text, s.magic) && form.suffix != s.ours {
			return fmt.Errorf("%w: it is %s by its first bytes; %s", ErrFormat, s.what, s.mend)
		}
	}
	return nil
}

// foreignSuffixes are mends for files of kinds that are not read.
var foreignSuffixes = map[string]string{
	".xlsx": "save its sheet as .csv", ".xls": "save its sheet as .csv", ".ods": "save its sheet as .csv",
	".h5": "save the array as .npy", ".hdf5": "save the array as .npy", ".nc": "save the array as .npy",
	".parquet": asCSV, ".feather": asCSV, ".arrow": asCSV, ".sav": asCSV, ".dta": asCSV,
	".rds": "in R, write.csv it", ".rda": "in R, write.csv it", ".rdata": "in R, write.csv it",
	".pkl": "save the array with numpy.save", ".pickle": "save the array with numpy.save", ".pt": "save the array with numpy.save",
	".bz2": unpackFirst, ".xz": unpackFirst, ".zst": unpackFirst, ".zip": unpackFirst, ".7z": unpackFirst, ".tar": unpackFirst,
}
