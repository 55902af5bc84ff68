"""scikit-learn's side of the comparison: one timed run in a process of its own.

The environment (number of threads, OPENBLAS_CORETYPE) is set by the caller, before
numpy is loaded. The task comes as JSON in the first argument, the answer goes to
standard output as JSON.
"""

import json
import sys
import time
import warnings

import numpy as np


def load(task):
    """Data and start as float64 in C order, as scikit-learn wants them."""
    x = np.ascontiguousarray(np.load(task["data"]), dtype=np.float64)
    w = np.ascontiguousarray(np.load(task["start"] + "/W.npy"), dtype=np.float64)
    h = np.ascontiguousarray(np.load(task["start"] + "/H.npy"), dtype=np.float64)
    return x, w, h


def rel_error(x, w, h):
    """‖X - WH‖_F / ‖X‖_F, by blocks of rows."""
    d = sum(float(np.sum((x[i : i + 512] - w[i : i + 512] @ h) ** 2)) for i in range(0, len(x), 512))
    return (d / float(np.vdot(x, x))) ** 0.5


def cd(task):
    """The trace of solver='cd': [seconds, relative error] of each iteration.

    This is the loop of _fit_coordinate_descent (init='custom', tol=0), with the
    clock stopped between iterations while the error is computed. Nothing is
    validated on the clock. Once iterations are short beside the time that has
    passed, the error is computed each time one percent more has passed.
    """
    from sklearn.decomposition._nmf import _update_coordinate_descent
    from sklearn.utils import check_random_state

    x, w, h = load(task)
    trace = [[0.0, rel_error(x, w, h)]]
    rng = check_random_state(0)
    ht, clock = np.ascontiguousarray(h.T), 0.0
    # The first calls pay for starting the threads.
    _update_coordinate_descent(x, w.copy(), ht, 0, 0, False, rng)
    iterations = task.get("iterations", sys.maxsize)
    for k in range(iterations):
        begin = time.perf_counter()
        _update_coordinate_descent(x, w, ht, 0, 0, False, rng)
        _update_coordinate_descent(x.T, ht, w, 0, 0, False, rng)
        clock += time.perf_counter() - begin
        last = clock >= task["limit"] or k + 1 == iterations
        if last or clock >= 1.01 * trace[-1][0]:
            trace.append([clock, rel_error(x, w, ht.T)])
            last = last or trace[-1][1] <= task.get("until", -1)
        if last:
            return trace


def mu(task):
    """Seconds per iteration of solver='mu' with tol=0, a difference of two runs."""
    from sklearn.decomposition import non_negative_factorization

    x, w, h = load(task)

    def run(iterations):
        a, b = w.copy(), h.copy()
        begin = time.perf_counter()
        non_negative_factorization(
            x, a, b, n_components=a.shape[1], init="custom", solver="mu",
            beta_loss=task["loss"], tol=0, max_iter=iterations,
        )
        return time.perf_counter() - begin

    run(1)  # starts the threads
    base = min(run(1), run(1))
    n = max(5, int(6 * task["seconds"] / run(6)))
    return (run(1 + n) - base) / n


if __name__ == "__main__":
    warnings.filterwarnings("ignore")  # that nothing converged
    task = json.loads(sys.argv[1])
    json.dump({"cd": cd, "mu": mu}[task["run"]](task), sys.stdout)
