package nnls

import "polyad/asm"

// descend solves column j, for which pivots take too long, by the active set
// method (Lawson, Hanson 1974, chapter 23; on normal equations Bro, De Jong
// 1997): from x ≥ 0, with F where it is positive,
//
//	x ← x + α(z - x), z_F = G_FF⁻¹a_F, α ≤ 1 the largest that keeps x ≥ 0,
//
// components that become 0 leave F, and when x = z the one of largest y = a - G·x
// enters. The objective falls with every step, also when rounding ends them.
func (b *BPP[T]) descend(ker *asm.Kernels[float64], w *bppWork, j0, j int) {
	r := b.r
	x, a, set := w.column(j)
	z := w.z
	clear(set)
	for k, s := range b.scale {
		x[k] = 0
		if v := float64(b.x.At(k, j0+j)); v > 0 && s > 0 {
			x[k] = min(v/s, 1e200)
			set[k/64] |= 1 << (k % 64)
		}
	}
	b.diagonal(w.diag, w.l2[j])
	entered, slack, within := -1, 0.0, 0.0
	for range 10*r + 10 {
		w.gather(j)
		w.ridges += w.factor(ker, b.gram, w.diag, b.ridge/4)
		w.solve(ker, z, a)
		if entered >= 0 && z[entered] <= 0 { // in exact numbers it is positive
			within = 2 * slack
		}
		alpha, blocked := 1.0, false
		for _, k := range w.set {
			if z[k] <= 0 {
				alpha, blocked = min(alpha, reach(x[k], z[k])), true
			}
		}
		for _, k := range w.set {
			leaves := z[k] <= 0 && reach(x[k], z[k]) <= alpha
			if x[k] += alpha * (z[k] - x[k]); leaves || x[k] <= 0 {
				x[k] = 0
				set[k/64] &^= 1 << (k % 64)
			}
		}
		if entered = -1; blocked {
			continue
		}
		copy(x, z)
		slack = max(within, noise(x, a))
		for k := range x {
			if set[k/64]>>(k%64)&1 != 0 || b.scale[k] == 0 {
				continue
			}
			if y := a[k] - ker.Dot(b.gram[k*r:k*r+r], x); y > slack {
				entered, slack = k, y
			}
		}
		if entered < 0 {
			return
		}
		set[entered/64] |= 1 << (entered % 64)
	}
}

// reach is the share of the way from x ≥ 0 to z ≤ 0 that stays nonnegative.
func reach(x, z float64) float64 {
	if x == 0 {
		return 0
	}
	return x / (x - z)
}
