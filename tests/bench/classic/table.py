#!/usr/bin/env python3
"""Markdown from the lines of run.sh: TASK N D A B THREADS WHO JSON, tab-separated.

Medians over the rounds; the spread is (highest - lowest) / median. Ratios are taken within a round, then their median."""
import json
import statistics
import sys
from collections import defaultdict


def spread(values):
    return f"{100 * (max(values) - min(values)) / statistics.median(values):.0f} %"


def main():
    runs = defaultdict(lambda: defaultdict(list))
    for line in sys.stdin:
        *key, who, text = line.rstrip("\n").split("\t")
        runs[tuple(key)][who].append(json.loads(text))
    rows = []
    for key, by in runs.items():
        task, n, d, a, b, threads = key
        ours, theirs = by["penstock"], by["peer"]
        field = "search_seconds" if task == "neighbours" else "fit_seconds"
        median = statistics.median(run[field] for run in ours)
        peer = statistics.median(run[field] for run in theirs)
        faster = statistics.median(t[field] / o[field] for o, t in zip(ours, theirs))
        gemm = of_gemm = "-"
        if "gemm_seconds" in ours[0]:
            part = "search_seconds" if task == "neighbours" else "assign_seconds"
            gemm = f"{statistics.median(run['flops'] / run['gemm_seconds'] for run in ours) / 1e9:.0f}"
            shares = [run["gemm_seconds"] / run[part] for run in ours]
            of_gemm = f"{statistics.median(shares):.2f} ({min(shares):.2f} to {max(shares):.2f})"
        same = {"kmeans": "inertia", "minibatch": "inertia", "pca": "variance", "neighbours": "id_sum"}[task]
        agreement = statistics.median(o[same] / t[same] for o, t in zip(ours, theirs))
        what = {"kmeans": f"k-means, k {a}, {b} iterations", "minibatch": f"mini-batches, k {a}, {ours[0].get('iterations')} of 1,024",
                "pca": f"PCA, {a} components", "neighbours": f"{b} neighbours of {int(a):,} queries"}[task]
        rows.append(f"| {what} | {int(n):,} | {d} | {threads} | {gemm} | {of_gemm} | {median:.3f} ({spread([r[field] for r in ours])}) "
                    f"| {peer:.3f} ({spread([r[field] for r in theirs])}) | {faster:.2f} | {agreement:.7f} |")
    print("| task | rows | d | threads | GEMM, GFLOP/s | share of GEMM | Penstock, s | scikit-learn, s | times faster | results' ratio |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    print("\n".join(rows))


main()
