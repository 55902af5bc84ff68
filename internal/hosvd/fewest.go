package hosvd

import "math"

// Sizes are what is known of the cores that a core can be cut down to, by leaving
// out last slices along some of its modes. With orthonormal factors such a core is
// the best one for the columns that stay, and the squared error grows by the sum of
// the squares of the entries that are left out.
type Sizes struct {
	// Shape is that of the core.
	Shape []int
	// Rows are the sizes of the factors' columns, 0 for modes that have no factor
	// and are not cut.
	Rows []int
	// Least are the ranks below which nothing is looked at; nil: 1.
	Least []int
	// Most is the largest sum of squares that may be left out.
	Most float64
	// Over ends the search early; nil: it does not end.
	Over func() bool
}

// Stored returns the number of numbers of a core and its factors.
func (s *Sizes) Stored(ranks []int) int {
	size, factors := 1, 0
	for n, j := range ranks {
		size *= j
		factors += j * s.Rows[n]
	}
	return size + factors
}

// Each calls visit with the ranks of every core that leaves out no more than Most
// and stores no more numbers than limit, which visit returns for what comes next:
// with the numbers stored and the sum of squares left out. The ranks are valid
// during the call. squares are the squares of the core's entries, in float64.
//
// What is left out is added up as it is, not taken as the difference of two sums
// that are nearly equal, for all cores together: with the first ranks j_0 … j_{n-1}
// taken and summed over,
//
//	left(j) = Σ_n Σ_{i_n ≥ j_n} Σ_{i_k < j_k, k < n} Σ_{i_k, k > n} g_i².
//
// Cost about 2·N additions for each entry of the core and a visit for each
// choice of ranks, and memory for |G|/J_0 numbers.
func (s *Sizes) Each(squares []float64, limit int, visit func(ranks []int, stored int, left float64) (limit int)) {
	c := choice{Sizes: s, limit: limit, visit: visit, ranks: make([]int, len(s.Shape)), least: make([]int, len(s.Shape))}
	rest := len(squares)
	for n, size := range s.Shape {
		rest /= size
		c.sums = append(c.sums, make([]float64, rest))
		c.tails = append(c.tails, make([]float64, size+1))
		switch c.least[n] = 1; {
		case s.Rows[n] == 0:
			c.least[n] = size
		case s.Least != nil:
			c.least[n] = s.Least[n]
		}
	}
	c.mode(0, squares, 0)
}

// choice is a search over ranks.
type choice struct {
	*Sizes
	limit int
	visit func([]int, int, float64) int
	ranks []int
	least []int
	sums  [][]float64 // of squares over the slices taken, of the modes that follow
	tails [][]float64 // of the slices not taken
}

// mode tries the ranks of mode n; squares are summed over the earlier modes, and
// left is what these leave out.
func (c *choice) mode(n int, squares []float64, left float64) {
	size := c.Shape[n]
	rest, tails, sums := len(squares)/size, c.tails[n], c.sums[n]
	tails[size] = 0
	for i := size - 1; i >= 0; i-- {
		sum := 0.0
		for _, v := range squares[i*rest : (i+1)*rest] {
			sum += v
		}
		tails[i] = tails[i+1] + sum
	}
	clear(sums)
	for j := 1; j <= size; j++ {
		for e, v := range squares[(j-1)*rest : j*rest] {
			sums[e] += v
		}
		if j < c.least[n] || !(left+tails[j] <= c.Most) {
			continue
		}
		c.ranks[n] = j
		copy(c.ranks[n+1:], c.least[n+1:])
		stored := c.Stored(c.ranks)
		if stored > c.limit || n < 2 && c.Over != nil && c.Over() {
			return
		}
		if n == len(c.Shape)-1 {
			c.limit = c.visit(c.ranks, stored, left+tails[j])
			continue
		}
		c.mode(n+1, sums, left+tails[j])
	}
}

// Fewest returns the ranks with the fewest stored numbers that leave out no more
// than Most, of those the ones that leave out least, and what that is. Where even
// the whole core leaves out more, as of a negative Most, that is what it returns.
func (s *Sizes) Fewest(squares []float64) (ranks []int, left float64) {
	ranks, left = append(ranks, s.Shape...), 0
	best := s.Stored(ranks)
	s.Each(squares, best, func(r []int, stored int, out float64) int {
		if stored < best || out < left {
			copy(ranks, r)
			best, left = stored, out
		}
		return best
	})
	return ranks, left
}

// LeastRanks returns for each mode the smallest rank at which the slices beyond it
// leave out no more than Most: no model of a smaller one has an error below that,
// whatever its factors, when the core is that of an HOSVD.
func (s *Sizes) LeastRanks(squares []float64) []int {
	least := make([]int, len(s.Shape))
	inner := len(squares)
	for n, size := range s.Shape {
		inner /= size
		slices := make([]float64, size)
		for e, v := range squares {
			slices[e/inner%size] += v
		}
		tail := 0.0
		for least[n] = size; s.Rows[n] > 0 && least[n] > 1; least[n]-- {
			if tail += slices[least[n]-1]; !(tail <= s.Most) {
				break
			}
		}
	}
	return least
}

// Frontier collects ranks that may be worth a fit: those that leave out less than
// all others with no more numbers, as far as a resolution of a few thousand steps
// tells them apart.
type Frontier struct {
	stored int // all are below it
	best   []Candidate
}

// Candidate is a choice of ranks.
type Candidate struct {
	Ranks  []int
	Stored int
	Left   float64
}

// frontierSteps is the resolution.
const frontierSteps = 4096

// NewFrontier is for ranks that store fewer numbers than a model that is known.
func NewFrontier(stored int) *Frontier {
	return &Frontier{stored: stored, best: make([]Candidate, min(stored, frontierSteps))}
}

// Add adds ranks.
func (f *Frontier) Add(ranks []int, stored int, left float64) {
	if stored >= f.stored {
		return
	}
	b := &f.best[int(math.Floor(float64(stored)/float64(f.stored)*float64(len(f.best))))]
	if b.Ranks == nil || left < b.Left || left == b.Left && stored < b.Stored {
		b.Ranks = append(b.Ranks[:0], ranks...)
		b.Stored, b.Left = stored, left
	}
}

// List returns them in the order of their stored numbers; what they leave out
// falls.
func (f *Frontier) List() (list []Candidate) {
	least := math.Inf(1)
	for _, b := range f.best {
		if b.Ranks != nil && b.Left < least {
			list, least = append(list, b), b.Left
		}
	}
	return list
}
