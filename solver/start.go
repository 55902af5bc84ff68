package solver

// Start tells why a starting point that was generated was not simply taken. Random
// ones were tried beside it, for some sweeps each, and the run went on from the
// beginning of the best. Where that is a random one, the run is that from a random
// start with its seed. Observers have seen the first sweeps of the run that was given
// up, and then point 0 again.
type Start struct {
	// Reason is why others were tried.
	Reason string `json:"reason"`
	// Tried is how many starts were, the generated one included.
	Tried int `json:"tried"`
	// Sweeps is what that cost, over all of them. They are not among the iterations
	// of the run.
	Sweeps int `json:"sweeps"`
	// Chosen names the start that was taken, and Seed is that of a random one.
	Chosen string `json:"chosen"`
	Seed   uint64 `json:"seed"`
}
