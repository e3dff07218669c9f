#!/usr/bin/env python3
"""Writes scikit_learn.txt: what scikit-learn finds in rows that both sides compute (golden_test.cc has the same formula).

    python3 make_golden.py > scikit_learn.txt      needs scikit-learn (1.9.1 made the committed file)
A line a result: its name, then its values.
"""
import sys

import numpy as np
import sklearn
from sklearn.cluster import KMeans, MeanShift, estimate_bandwidth
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

ROWS, WIDTH = 400, 6


def made_rows():
    i = np.arange(ROWS, dtype=np.int64)[:, None]
    d = np.arange(WIDTH, dtype=np.int64)[None, :]
    noise = (i * i * 7919 + d * 104729 + i * (d + 1) * 31) % 1009
    cloud = (i % 4) * ((d * d + 3 * d + 1) % 5)
    # Multiples of 1/16 below 256: f32 holds them, and each side computes them exactly.
    return (50 + 4 * cloud + noise // 8 / 16.0).astype(np.float32)


def say(name, values):
    print(name, *(f"{float(v):.9g}" for v in np.ravel(values)))


def main():
    x = made_rows()
    print(f"# scikit-learn {sklearn.__version__}, numpy {np.__version__}")
    say("rows_sum", [x.astype(np.float64).sum()])
    for iterations in (1, 3, 300):
        fit = KMeans(5, init=x[:5].copy(), n_init=1, max_iter=iterations, algorithm="lloyd").fit(x)
        say(f"kmeans{iterations}_centres", fit.cluster_centers_)
        say(f"kmeans{iterations}_inertia", [fit.inertia_])
        say(f"kmeans{iterations}_iterations", [fit.n_iter_])
        say(f"kmeans{iterations}_labels", fit.labels_)
    for metric in ("euclidean", "cosine"):
        distances, ids = NearestNeighbors(n_neighbors=4, metric=metric, algorithm="brute").fit(x.astype(np.float64)).kneighbors()
        say(f"{metric}_distances", distances[::5])
        say(f"{metric}_ids", ids[::5])
    pca = PCA(4, svd_solver="full").fit(x.astype(np.float64))
    say("pca_mean", pca.mean_)
    say("pca_components", pca.components_)
    say("pca_variance", pca.explained_variance_)
    say("pca_ratio", pca.explained_variance_ratio_)
    say("pca_projected", pca.transform(x.astype(np.float64))[::40])
    say("pca_whitened", PCA(4, svd_solver="full", whiten=True).fit(x.astype(np.float64)).transform(x.astype(np.float64))[::40])
    say("bandwidth", [estimate_bandwidth(x, quantile=0.3)])
    for binned in (0, 1):
        fit = MeanShift(bandwidth=6.0, bin_seeding=bool(binned)).fit(x)
        say(f"mean_shift{binned}_centres", fit.cluster_centers_)
        say(f"mean_shift{binned}_labels", fit.labels_)


if __name__ == "__main__":
    sys.exit(main())
