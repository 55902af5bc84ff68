"""Holds `polyad bench kernels` against its floors. See README.md; run by kernels.sh."""

import json
import statistics
import subprocess
import sys

# The least shares of the roofline with float64 (or float32 of ranks that fill registers),
# AVX-512 and one worker, by rank where they differ.
FLOORS = {
    "gemm": {512: 0.80, 1024: 0.85, 2000: 0.85},
    "vht": {8: 0.65, 16: 0.80, 32: 0.80, 64: 0.80},
    "wtv": {8: 0.65, 16: 0.80, 32: 0.80, 64: 0.80},
    "wh": {8: 0.75, 16: 0.75, 32: 0.75, 64: 0.75},
    "gram": {16: 0.45, 32: 0.55, 64: 0.65},
    "kl": {16: 0.55, 32: 0.65, 64: 0.70},
    "is": {16: 0.45, 32: 0.55, 64: 0.60},
    "mttkrp": {16: 0.75, 64: 0.75},
    "ttm": {20: 0.60},
}
RIDGE = 0.65  # of vht and wtv where arithmetic and memory take about as long
FULL = 32  # float32 ranks from which on registers are full
NARROW, AVX2 = 0.15, 0.10  # how much less float32 of lower ranks, and AVX2, may reach
WORKERS, CALL = 0.9, 200e-6  # two workers: part of one worker's share, for calls that take so long


def floor_of(r):
    """The floor of a row with one worker, or None."""
    floor = FLOORS.get(r["name"], {}).get(r["rank"])
    if floor is None or r["simd"] == "generic":
        return None
    if r["name"] in ("vht", "wtv") and r["rank"] != 8:
        if max(r["t_flops"], r["t_bytes"]) <= 1.5 * min(r["t_flops"], r["t_bytes"]):
            floor = RIDGE
    if r["dtype"] == "f32" and r["rank"] < FULL:
        floor -= NARROW
    if r["simd"] == "avx2":
        floor -= AVX2
    return floor


def key_of(r, workers):
    return (r["name"], r["dtype"], r["shape"], r["rank"], r["mode"], r["simd"], workers)


def main():
    polyad, words, runs = sys.argv[1], sys.argv[2:], 3
    if words[:1] == ["--runs"] and len(words) > 1:
        runs, words = int(words[1]), words[2:]
    rows, machine = {}, None
    for _ in range(runs):
        p = subprocess.run([polyad, "bench", "kernels", "--json", *words], stdout=subprocess.PIPE, text=True)
        if p.returncode != 0:
            sys.exit(p.returncode)
        result = json.loads(p.stdout)
        machine = result["machine"]
        for r in result["rows"]:
            rows.setdefault(key_of(r, r["workers"]), []).append(r)
    print("%s, %d cores; medians of %d runs, and their range" % (machine["cpu"], machine["cores"], runs))
    short, held = [], 0
    for key, all_runs in rows.items():
        shares = [r["share"] for r in all_runs]
        share = statistics.median(shares)
        if all_runs[0]["workers"] == 1:
            floors = [floor_of(r) for r in all_runs]
            floor = None if None in floors else statistics.median_low(floors)
        else:
            one = rows.get(key_of(all_runs[0], 1))
            floor = None
            if one and floor_of(one[0]) and statistics.median(r["seconds"] for r in all_runs) > CALL:
                floor = WORKERS * min(1, statistics.median(r["share"] for r in one))
        if floor is None:
            continue
        held += 1
        name = "%s %s %s r%d m%d %s w%d" % key
        bad = share < floor
        print("%-42s %.3f (%.3f .. %.3f)  >= %.3f%s" % (name, share, min(shares), max(shares), floor, "  short" if bad else ""))
        if bad:
            short.append(name)
    print("\n%d of %d rows are below their floors%s" % (len(short), held, ":\n" + "\n".join(short) if short else ""))


if __name__ == "__main__":
    main()
