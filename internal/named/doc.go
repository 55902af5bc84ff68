// Package named turns options and results into words and JSON, and back. The words
// are those of the command line. What has no word is an error that lists the words
// there are, so that nothing is lost on the way.
package named
