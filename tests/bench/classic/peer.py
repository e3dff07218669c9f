#!/usr/bin/env python3
"""scikit-learn at the tasks of classic_bench: the same rows, start, iterations and threads. One JSON object a line.

    peer.py make ROWS.f32 N D                    writes rows: 200 Gaussian clouds
    peer.py kmeans ROWS.f32 N D K ITERATIONS THREADS
    peer.py neighbours ROWS.f32 N D QUERIES K THREADS
    peer.py minibatch ROWS.f32 N D K STEPS THREADS
    peer.py pca ROWS.f32 N D COMPONENTS THREADS
"""
import json
import os
import sys
import time
import warnings

import numpy as np


def make(path, n, d):
    rng = np.random.default_rng(1)
    clouds = rng.normal(size=(200, d))
    (clouds[rng.integers(0, 200, n)] + rng.normal(size=(n, d))).astype(np.float32).tofile(path)


def timed(work, times=1):
    clock = time.process_time if "CPU_TIME" in os.environ else time.perf_counter
    best, result = float("inf"), None
    for _ in range(times):
        began = clock()
        result = work()
        best = min(best, clock() - began)
    return best, result


def main(task, path, n, d, *rest):
    n, d = int(n), int(d)
    if task == "make":
        return make(path, n, d)
    from threadpoolctl import threadpool_limits
    from sklearn.cluster import KMeans, MiniBatchKMeans
    from sklearn.decomposition import PCA
    from sklearn.neighbors import NearestNeighbors
    warnings.simplefilter("ignore")
    x = np.fromfile(path, dtype=np.float32, count=n * d).reshape(n, d)
    *rest, threads = map(int, rest)
    out = {}
    with threadpool_limits(limits=threads):
        if task == "kmeans":
            k, iterations = rest
            model = KMeans(k, init=x[:k].copy(), n_init=1, max_iter=iterations, tol=0, algorithm="lloyd")
            seconds, fit = timed(lambda: model.fit(x))
            out = {"fit_seconds": seconds, "iterations": fit.n_iter_, "inertia": float(fit.inertia_)}
        elif task == "neighbours":
            q, k = rest
            model = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(x)
            seconds, ids = timed(lambda: model.kneighbors(x[:q], return_distance=False), 2)
            out = {"search_seconds": seconds, "id_sum": int(ids.sum())}
        elif task == "minibatch":
            k, steps = rest
            passes = max(1, steps * 1024 // n)
            model = MiniBatchKMeans(k, init=x[:k].copy(), n_init=1, batch_size=1024, max_iter=passes, max_no_improvement=None,
                                    random_state=0)
            seconds, fit = timed(lambda: model.fit(x))
            out = {"fit_seconds": seconds, "iterations": fit.n_steps_, "inertia": float(fit.inertia_)}
        elif task == "pca":
            model = PCA(rest[0], svd_solver="covariance_eigh")
            seconds, fit = timed(lambda: model.fit(x), 2)
            out = {"fit_seconds": seconds, "variance": float(fit.explained_variance_[0])}
    print(json.dumps(out))


if __name__ == "__main__":
    main(*sys.argv[1:])
