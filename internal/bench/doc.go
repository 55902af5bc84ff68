// Package bench measures the kernels beside this machine's own limits: what
// `polyad bench kernels` prints and what `go test -bench` runs in benchstat's
// form are the same cases.
//
// Limits are measured in the same run, for each level, element type and number
// of workers: the peak of multiply-adds without memory, and the rates of reading
// and writing memory of a footprint. A row's share of the roofline is
//
//	max(t_flops, t_bytes) / seconds,  t_flops = flops/peak, t_bytes = bytes/rate
//
// where reads and writes are counted once, whatever a kernel really moves, and a
// row whose output is much larger than its input is held against the write rate.
// Times are medians; limits are the best of their samples. Sweeps of solvers are
// held against passes over the data, which are such kernels.
package bench
