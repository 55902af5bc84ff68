package mp3

import "strconv"

// tree is a prefix code: for each inner node what follows on a bit 0 and on a
// bit 1, another node or the complement of a leaf's value. A code of one word
// alone does not occur.
type tree [][2]int16

// plant builds a tree from its preorder; see codeTrees.
func plant(preorder string) (t tree) {
	var grow func() int16
	grow = func() int16 {
		if preorder[0] != '.' {
			v, err := strconv.ParseUint(preorder[:2], 16, 8)
			if err != nil {
				panic(err)
			}
			preorder = preorder[2:]
			return ^int16(v)
		}
		preorder = preorder[1:]
		n := len(t)
		t = append(t, [2]int16{})
		for b := range 2 {
			v := grow() // before t is indexed: it grows
			t[n][b] = v
		}
		return int16(n)
	}
	grow()
	return t
}

func (t tree) read(r *bitReader) int {
	n := int16(0)
	for {
		if n = t[n][r.bit()]; n < 0 {
			return int(^n)
		}
	}
}

// pairCode is one of the codes for pairs of values: above its 15 follow more
// bits.
type pairCode struct {
	tree tree // nil where all values are 0
	more int
}

var (
	pairCodes = func() (codes [32]pairCode) {
		for i, preorder := range codeTrees {
			codes[i].tree = plant(preorder)
		}
		for i, more := range [...]int{1, 2, 3, 4, 6, 8, 10, 13} {
			codes[16+i] = pairCode{codes[16].tree, more}
		}
		for i, more := range [...]int{4, 5, 6, 7, 8, 9, 11, 13} {
			codes[24+i] = pairCode{codes[24].tree, more}
		}
		return codes
	}()
	quadCodes = [2]tree{plant(quadTrees[0]), plant(quadTrees[1])}
)

func (c *pairCode) read(r *bitReader) (x, y int) {
	if c.tree == nil {
		return 0, 0
	}
	v := c.tree.read(r)
	return c.value(r, v>>4), c.value(r, v&15)
}

// value returns a value with its sign.
func (c *pairCode) value(r *bitReader, v int) int {
	if v == 15 {
		v += r.read(c.more)
	}
	if v != 0 && r.bit() == 1 {
		return -v
	}
	return v
}

// values reads the quantized lines of a granule up to the given bit.
func (g *granule) values(r *bitReader, end int, v *[lines]int) {
	clear(v[:])
	n := 2 * g.bigValues
	for i := 0; i < n && r.at < end; i += 2 {
		region := 0
		for region < 2 && i >= g.regions[region] {
			region++
		}
		v[i], v[i+1] = pairCodes[g.tables[region]].read(r)
	}
	for i := n; i+4 <= lines && r.at < end; i += 4 {
		bits := quadCodes[g.quads].read(r)
		for k := range 4 {
			if bits>>(3-k)&1 == 1 {
				v[i+k] = 1 - 2*r.bit()
			}
		}
		if r.at > end { // bits that fill up were taken for a quadruple
			clear(v[i:])
			break
		}
	}
	r.at = end
}
