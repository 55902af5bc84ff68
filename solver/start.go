package solver

// Start tells why a starting point that was generated was not simply taken: other
// ones were tried beside it, for some sweeps each, and the best was taken. The run
// goes on from where those sweeps had come to, and point 0 of its trace is there.
type Start struct {
	// Reason is why others were tried.
	Reason string
	// Tried is how many starts were, the generated one included.
	Tried int
	// Sweeps is what that cost, over all of them. They are not among the iterations
	// of the run.
	Sweeps int
	// Chosen names the start that was taken, and Seed is that of a random one.
	Chosen string
	Seed   uint64
}
