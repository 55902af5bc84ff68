// Package modeldir knows the folders that models are kept in: which files they
// have, whose they are, and how a folder comes from one model to the next so that
// it always holds the whole of one of them.
//
// A folder that holds nothing but a model, and files that can be linked, is built
// anew beside the old one and takes its place in one rename, where the system can
// exchange two folders (Linux). Elsewhere the new files are collected in a hidden
// folder inside it, whose marker says what replaces what; from the moment the
// marker is there, whoever opens the folder next finishes what it says. See
// docs/decisions/018.
package modeldir
