"""Times polyad beside scikit-learn on the same files. See README.md; run by run.sh."""

import argparse
import csv
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile

# numpy is for files and starts only; whatever is timed runs in other processes.
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
EXCESS = (1e-2, 1e-3)
# Pictures that --data looks for, by their shape: name and rank.
PICTURES = {(784, 1000): ("digits", 50), (361, 2429): ("faces19", 49), (1024, 400): ("faces32", 25)}
# name, shape, rank, loss, noise of the data; targets with 1 and 2 workers.
ITERATIONS = [
    ("kl", (2000, 2000), 32, "kl", ("poisson", 20), {1: 4, 2: 6}),
    ("kl", (1025, 4000), 20, "kl", ("poisson", 20), {1: 4, 2: 6}),
    ("kl", (10000, 1000), 64, "kl", ("poisson", 20), {1: 1.8, 2: 2.5}),
    ("is", (1025, 4000), 20, "is", ("gamma", 10), {1: 4, 2: 6}),
]
# Multiply-adds of one iteration, W and H, count twice: model and product with
# one matrix of quotients for KL, with two of them for IS.
FLOPS = {"kl": 8, "is": 12}
LOSS = {"kl": "kullback-leibler", "is": "itakura-saito"}
CORES = (None, "SkylakeX")  # of OpenBLAS; None: as it finds it


def environment(workers, core=None):
    env = dict(os.environ)
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "GOMAXPROCS"):
        env[name] = str(workers)
    env.pop("OPENBLAS_CORETYPE", None)
    if core:
        env["OPENBLAS_CORETYPE"] = core
    return env


def peer(task, workers, core):
    """The answer of peer.py, or None when OpenBLAS cannot run as this core."""
    p = subprocess.run(
        [sys.executable, os.path.join(HERE, "peer.py"), json.dumps(task)],
        env=environment(workers, core), capture_output=True, text=True,
    )
    if p.returncode == 0:
        return json.loads(p.stdout)
    if core:
        return None
    sys.exit(p.stderr.strip() or "peer.py ended with %d" % p.returncode)


class Bench:
    def __init__(self, args, folder):
        self.args, self.folder, self.failed = args, folder, []

    def polyad(self, *words, workers=None):
        p = subprocess.run([self.args.polyad, *map(str, words)], capture_output=True, text=True,
                           env=environment(workers) if workers else None)
        if p.returncode != 0:
            sys.exit(p.stderr.strip())
        return p.stdout

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def synth(self, name, shape, rank, *flags):
        file = self.path(name + ".npy")
        if not os.path.exists(file):
            self.polyad("synth", "nmf", file, "--shape", "%d,%d" % shape, "-r", rank, "--seed", 1, "-q", *flags)
        return file

    def start(self, name, file, rank):
        """A random start, optimally scaled, in a folder that both sides read."""
        folder = self.path(name + "-start")
        if not os.path.isdir(folder):
            x = np.load(file).astype(np.float64)
            rng = np.random.default_rng(self.args.seed)
            w, h = 1 - rng.random((x.shape[0], rank)), 1 - rng.random((rank, x.shape[1]))
            scale = np.vdot(w.T @ x, h) / np.vdot(w.T @ w, h @ h.T)
            os.mkdir(folder)
            np.save(folder + "/W.npy", w * scale**0.5)
            np.save(folder + "/H.npy", h * scale**0.5)
        return folder

    def core(self, task, workers, cost):
        """The faster of OpenBLAS's kernels for a task; cost makes an answer a number."""
        found = {}
        for core in CORES:
            answer = peer(task, workers, core)
            if answer is not None:
                found[core] = cost(answer)
        return min(found, key=found.get)

    def say(self, *columns):
        print("%-22s %4s %2s %-10s %10s %10s %8s %8s  %s" % columns, flush=True)

    def verdict(self, what, good):
        if not good:
            self.failed.append(what)
        return "ok" if good else "short"

    # a) time to an excess error

    def ours(self, file, rank, start, workers, limit):
        out = self.path("model")
        self.polyad("nmf", file, "-r", rank, "--init", start, "--tol", 0, "--max-iter", 10**9, "--max-time", "%gs" % limit,
                    "--workers", workers, "--trace-every", 1, "-q", "-o", out, "--force", workers=workers)
        with open(os.path.join(out, "trace.csv")) as f:
            return [(float(row["seconds"]), float(row["rel_error"])) for row in csv.DictReader(f)]

    def excess(self, name, file, rank):
        limit, start = self.args.limit, self.start(name, file, rank)
        task = {"run": "cd", "data": file, "start": start, "limit": limit}
        run, first = {}, {}
        for workers in self.args.workers:
            core = self.core({**task, "iterations": 5}, workers, lambda t: t[-1][0])
            run["polyad", workers] = lambda limit, _, n=workers: self.ours(file, rank, start, n, limit)
            run["sklearn", workers] = lambda limit, until, n=workers, c=core: peer({**task, "limit": limit, "until": until}, n, c)
            for who in ("polyad", "sklearn"):
                first[who, workers] = run[who, workers](limit, -1)
        e0 = first["sklearn", self.args.workers[0]][0][1]
        best = min(e for trace in first.values() for _, e in trace)
        level = {x: best + x * (e0 - best) for x in EXCESS}

        def arrival(trace, x):
            return next((s for s, e in trace if e <= level[x] and s <= limit), None)

        # The first, long run says how long the others have to be.
        times = {(key, x): [arrival(trace, x) or limit] for key, trace in first.items() for x in EXCESS}
        for _ in range(self.args.runs - 1):
            for workers in self.args.workers:
                for who in ("polyad", "sklearn"):
                    key = who, workers
                    goals = [x for x in EXCESS if arrival(first[key], x)]
                    if goals:
                        x = min(goals)
                        trace = run[key](min(limit, 1 + 3 * arrival(first[key], x)), level[x])
                        for x in goals:
                            times[key, x].append(arrival(trace, x) or limit)
        print("\n%s %s: error of the start %.4f, best %.6f" % (name, "x".join(map(str, np.load(file, mmap_mode="r").shape)), e0, best))
        for workers in self.args.workers:
            for x in EXCESS:
                a, b = (statistics.median(times[(who, workers), x]) for who in ("polyad", "sklearn"))
                mark = "> " if b >= limit else ""
                what = "%s w%d excess %g" % (name, workers, x)
                self.say(name, rank, workers, "%g" % x, "%.3g" % a, "%s%.3g" % (mark, b), "%s%.2f" % (mark, b / a), 3,
                         self.verdict(what, b / a >= 3 and a < limit))

    def run_excess(self):
        cases = []
        for given in self.args.files:
            file, _, rank = given.rpartition(":")
            if not file or not rank.isdigit():
                sys.exit("%s: want FILE.npy:RANK" % given)
            cases.append((os.path.splitext(os.path.basename(file))[0], file, int(rank)))
        for file in sorted(os.listdir(self.args.data)) if self.args.data else []:
            if file.endswith(".npy"):
                x = np.load(os.path.join(self.args.data, file), mmap_mode="r")
                if x.dtype == np.uint8 and x.shape in PICTURES:
                    name, rank = PICTURES[x.shape]
                    cases.append((name, os.path.join(self.args.data, file), rank))
        if not self.args.files:
            cases += [("synth2000", None, 32), ("synth10000", None, 64)]
        for name, file, rank in cases:
            if not self.args.case.search(name):
                continue
            if file is None:
                shape = (2000, 2000) if name == "synth2000" else (10000, 1000)
                file = self.synth(name, shape, rank, "--density", 0.5, "--noise", "gaussian", "--snr", 20)
            self.excess(name, file, rank)

    # b) time of one iteration of mu

    def per_iteration(self, file, rank, start, loss, workers, every):
        def run(n):
            out = self.polyad("nmf", file, "-r", rank, "--loss", loss, "--method", "mu", "--init", start, "--tol", 0, "--max-iter", n,
                              "--trace-every", every, "--workers", workers, "--json", workers=workers)
            return json.loads(out)["seconds"]

        base = min(run(1), run(1))
        n = max(5, int(6 * self.args.seconds / run(6)))
        return (run(1 + n) - base) / n

    def iterations(self, peaks, name, shape, rank, loss, noise, targets):
        never, flags = 10**9, ("--noise", noise[0], "--snr", noise[1])
        label = "%s-%dx%d" % (name, *shape)
        f64 = self.synth(label, shape, rank, *flags)
        f32 = self.synth(label + "-f32", shape, rank, *flags, "--dtype", "f32")
        start = self.start(label, f64, rank)
        task = {"run": "mu", "data": f64, "start": start, "loss": LOSS[loss], "seconds": self.args.seconds}
        for workers in self.args.workers:
            core = self.core({**task, "seconds": 0.2}, workers, float)
            t = {"f64": [], "f32": [], "objective": [], "sklearn": []}
            for _ in range(self.args.runs):
                t["f64"].append(self.per_iteration(f64, rank, start, loss, workers, never))
                t["sklearn"].append(peer(task, workers, core))
                t["f32"].append(self.per_iteration(f32, rank, start, loss, workers, never))
                t["objective"].append(self.per_iteration(f64, rank, start, loss, workers, 1))
            t = {k: statistics.median(v) for k, v in t.items()}
            bound = FLOPS[loss] * shape[0] * shape[1] * rank / (1e9 * peaks[workers])
            share, need = bound / t["f64"], 0.5 if rank < 32 else 0.65
            what = "%s w%d " % (label, workers)
            ratio = t["sklearn"] / t["f64"]
            self.say(label, rank, workers, "iteration", "%.4g" % t["f64"], "%.4g" % t["sklearn"], "%.2f" % ratio, targets[workers],
                     "%s; %.2f of the bound (instead of the ratio: %.2f)" % (self.verdict(what + "iteration", ratio >= targets[workers] or share >= need), share, need))
            ratio = t["f64"] / t["f32"]
            self.say(label, rank, workers, "f32", "%.4g" % t["f32"], "", "%.2f" % ratio, 1.7, self.verdict(what + "f32", ratio >= 1.7) + "; f64 over f32")
            extra = t["objective"] / t["f64"] - 1
            self.say(label, rank, workers, "objective", "%.4g" % t["objective"], "", "%.2f" % extra, 0.33,
                     self.verdict(what + "objective", extra <= 1 / 3) + "; at most; its share on top of an iteration")

    def run_iterations(self):
        cases = [c for c in ITERATIONS if self.args.case.search("%s-%dx%d" % (c[0], *c[1]))]
        if not cases:
            return
        rows = json.loads(self.polyad("bench", "kernels", "--filter", "^peak/f64", "--json"))["rows"]
        peaks = {n: max((r["gflops"] for r in rows if r["workers"] == n), default=0) for n in self.args.workers}
        if not all(peaks.values()):
            sys.exit("polyad bench kernels has no peak for these numbers of workers; give --workers 1 or 1,2")
        print("\npeak in GFLOP/s: " + ", ".join("%.0f (%d workers)" % (p, n) for n, p in peaks.items()))
        for c in cases:
            self.iterations(peaks, *c)


def main():
    p = argparse.ArgumentParser(prog="bench/run.sh", description="Times polyad beside scikit-learn.")
    p.add_argument("files", nargs="*", metavar="FILE.npy:RANK", help="data for the first part, instead of the generated ones")
    p.add_argument("--polyad", required=True, help=argparse.SUPPRESS)
    p.add_argument("--data", help="folder with uint8 pictures of 784x1000, 361x2429 or 1024x400, one a column")
    p.add_argument("--only", choices=("excess", "iteration"), help="one part only")
    p.add_argument("--case", type=re.compile, default=re.compile(""), help="only cases whose name matches this regular expression")
    p.add_argument("--limit", type=float, default=60, help="seconds of a solver in the first part (60)")
    p.add_argument("--seconds", type=float, default=2, help="seconds of a sample in the second part (2)")
    p.add_argument("--runs", type=int, default=5, help="runs of which the median is taken (5)")
    p.add_argument("--workers", type=lambda s: [int(n) for n in s.split(",")], default=[1, 2], help="numbers of workers (1,2)")
    p.add_argument("--seed", type=int, default=0, help="seed of the random starts")
    args = p.parse_args()
    versions = subprocess.run([sys.executable, "-c", "import sklearn, numpy; print('scikit-learn', sklearn.__version__, 'numpy', numpy.__version__)"],
                              capture_output=True, text=True, cwd="/")
    if versions.returncode != 0:
        sys.exit("%s has no scikit-learn: apt-get install python3-sklearn, or set PYTHON" % sys.executable)
    with tempfile.TemporaryDirectory(prefix="polyad-bench-") as folder:
        b = Bench(args, folder)
        info = json.loads(b.polyad("info", "--json"))
        print("%s, %d cores, %s kernels; %s" % (info["cpu"], info["cores"], info["simd"], versions.stdout.strip()))
        b.say("data", "rank", "w", "what", "polyad s", "sklearn s", "ratio", "target", "")
        if args.only != "iteration":
            b.run_excess()
        if args.only != "excess":
            b.run_iterations()
    print("\nall targets are met" if not b.failed else "\nshort of their targets: " + ", ".join(b.failed))


if __name__ == "__main__":
    main()
