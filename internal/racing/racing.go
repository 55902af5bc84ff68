// Package racing keeps tests that count allocations away from the race
// detector, under which a sync.Pool forgets at random.
package racing

import "testing"

// CountsAllocations skips a test under the race detector.
func CountsAllocations(t testing.TB) {
	t.Helper()
	if enabled {
		t.Skip("pools forget under the race detector")
	}
}
