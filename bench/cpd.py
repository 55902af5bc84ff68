"""Holds `polyad bench solvers` against its targets. See README.md; run by cpd.sh."""

import json
import subprocess
import sys

# Seconds of a sweep of the fastest of each kind of peer, float64, with one and two
# threads, and which it was.
PEERS = {
    ("als", "300x300x300", 16): (("Tensor Toolbox", 0.114, 0.068), ("pyttb", 0.175, 0.113), ("TensorLy", 0.194, 0.142), ("GenTen", 0.224, 0.131)),
    ("als", "300x300x300", 64): (("Tensor Toolbox", 0.344, 0.255), ("pyttb", 0.395, 0.269), ("TensorLy", 0.501, 0.268), ("GenTen", 0.410, 0.219)),
    ("als", "80x80x80x80", 16): (("Tensor Toolbox", 0.361, 0.256), ("pyttb", 0.461, 0.401), ("TensorLy", 0.65, 0.4)),
    ("hals", "300x300x300", 16): (("PLANC HALS", 0.087, 0.048), ("PLANC BPP", 0.082, 0.051), ("TensorLy", 0.321, 0.311)),
    ("hals", "300x300x300", 64): (("PLANC HALS", 0.210, 0.130), ("PLANC BPP", 0.279, 0.196), ("TensorLy", 1.46, 1.31)),
    ("hals", "80x80x80x80", 16): (("PLANC HALS", 0.198, 0.136), ("PLANC BPP", 0.261, 0.143), ("TensorLy", 0.824, 0.60)),
}


def main():
    polyad, words = sys.argv[1], sys.argv[2:]
    p = subprocess.run([polyad, "bench", "solvers", "--json", *words], capture_output=True, text=True)
    if p.returncode != 0:
        sys.exit(p.stderr.strip())
    result = json.loads(p.stdout)
    print("%s, %d cores, %s" % (result["machine"]["cpu"], result["machine"]["cores"], result["rows"][0]["simd"]))
    short = []
    for r in result["rows"]:
        name = "%s %s %s r%d w%d" % (r["name"], r["dtype"], r["shape"], r["rank"], r["workers"])
        # What is held against what; the last is the limit, of passes per pass made.
        checks = [("passes", r["passes"], "<=", 1.25 * r["reads"])] if r["name"] == "als" else [("of als", r["of_als"], "<=", 1.15)]
        if r["dtype"] == "f32":
            checks.append(("of f64", r["of_f64"], ">=", 1.7))
        checks.append(("memory", r["words"] / r["bound"], "<=", 1))
        text = []
        for what, value, sign, limit in checks:
            good = value <= limit if sign == "<=" else value >= limit
            text.append("%s %.2f (%s %.4g)%s" % (what, value, sign, limit, "" if good else " short"))
            if not good:
                short.append(name + " " + what)
        print("%-32s %8.4f s  pass %.4f s  %s" % (name, r["seconds"], r["pass"], ", ".join(text)))
        if r["dtype"] == "f64":
            peers = PEERS.get((r["name"], r["shape"], r["rank"]), ())
            print("%34s%s" % ("", ", ".join("%s %.3g s" % (peer[0], peer[r["workers"]]) for peer in peers)))
    print("\nall targets are met" if not short else "\nshort of their targets: " + ", ".join(short))


if __name__ == "__main__":
    main()
