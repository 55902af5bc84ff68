// Package report writes HTML pages about runs: [NMF] about a factorization,
// [CPD] about a tensor decomposition,
// [Audio] about a recording taken apart into components.
//
// A page is one file. Curves are inline SVG, heat maps are PNG images inside the
// SVG, the style sheet is in the head, and there is no script: nothing is loaded
// from anywhere, except the sound files that an audio page links to by relative
// paths. Pages follow the reader's light or dark colour scheme, fit narrow
// screens and can be printed. The same input gives the same bytes.
//
// Callers fill one struct per page; every field but the data may be left empty,
// and what is empty is left out of the page. All strings are taken as plain text
// and escaped. [Number], [Clock] and [Percent] write numbers as the pages do,
// for use in facts.
//
// # Pictures
//
// Curves longer than the picture has pixels are drawn by the smallest and the
// largest value per pixel column, filled curves and images by the largest, so a
// short peak stays visible at any length. Spectrograms are shown in decibels on a
// logarithmic frequency axis: a row that covers several bins shows the largest,
// a row that lies between two bins interpolates.
//
// Errors wrap [ErrPage]. Nothing is written unless the whole page could be made.
package report
