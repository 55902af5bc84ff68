package fitting

// Where at least so much is missing, or entries are scarce, filling in the model is slow;
// and fits of the observed entries alone may cost so much more a sweep, beside what they
// save of them.
const (
	exactMissing = .4
	exactCost    = 8
)

// Exact reports whether least squares over the observed entries of an array of so many
// entries and modes are to minimize them as they are, row by row of a factor with normal
// equations of its own, and not data that the model fills. The first costs r² + N·r flops
// for each observed entry, the second about 4·r for each entry, but needs more sweeps by
// about the number of entries over that of the observed ones, and stands still where much
// is missing (docs/decisions/014).
func Exact(observed, entries, rank, order, parameters int) bool {
	share := float64(observed) / float64(entries)
	return share*share*float64(rank+order) <= exactCost && (share <= 1-exactMissing || IsScarce(observed, parameters))
}
