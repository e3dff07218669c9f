#!/usr/bin/env python3
"""Ten-fold cross-validation of Penstock's recipes, on the same folds as a peer of scikit-learn.

    cross_validate.py TABLE=FILE RECIPE [RECIPE ...] --out FOLDER [--peer hist|logistic|none] [--penstock build/penstock] [--set KEY=VALUE ...]

TABLE is adult, higgs, covertype, criteo (Kaggle's train.csv) or criteo-terabyte (a day of the terabyte set). Each fold's rows are written as
lines of the file itself, `penstock train RECIPE` learns from nine tenths and `penstock infer` predicts the tenth, whose target it does not look at;
all rows of the nine tenths are learnt from (they are also given as --val, so that no part of them is put aside), unless --inner leaves
the recipe its own data.val. Nothing is chosen by the fold that is tested. What is done stays in FOLDER: the same command goes on after an interruption.

For each metric it prints the folds, the means, and the mean of the paired differences (Penstock less the peer) with two 95 % intervals: Student's t over the
folds, and the corrected resampled t of Nadeau and Bengio (2003, Machine Learning 52): folds share training rows, so that the first
interval is too narrow. "no worse" is an interval that is not wholly on the peer's side. Needs scikit-learn and pandas.
"""
import argparse
import hashlib
import math
import os
import shutil
import subprocess
import time

import numpy as np
import pandas as pd
from scipy import stats
from sklearn import metrics, model_selection

import small_tables
from learners import LEARNERS

FOLDS = 10


def folds_of(table):
    """(N) the fold of each row; stratified, the same for everybody."""
    splitter = model_selection.StratifiedKFold(n_splits=FOLDS, shuffle=True, random_state=7)
    fold = np.zeros(len(table.label), dtype=int)
    for k, (_, test) in enumerate(splitter.split(table.label, table.label)):
        fold[test] = k
    return fold


def write_lines(table, chosen, path):
    if os.path.exists(path):
        return
    with open(path + ".partial", "w") as out:
        for line in ([table.header] if table.header else []) + [table.lines[i] for i in np.flatnonzero(chosen)]:
            out.write(line + "\n")
    os.rename(path + ".partial", path)


def same_as_before(folder, text):
    """A folder holds what one command made."""
    os.makedirs(folder, exist_ok=True)
    path = f"{folder}/made_by.txt"
    if not os.path.exists(path):
        with open(path, "w") as out:
            out.write(text)
    elif open(path).read() != text:
        raise SystemExit(f"'{folder}' was made in another way (see '{path}'): take another --out, or remove it")


def recipe_text(asked, recipe):
    if os.path.exists(recipe):
        return open(recipe).read()
    return subprocess.run([asked.penstock, "recipes", recipe], check=True, capture_output=True, text=True).stdout


def probabilities(path, table, count):
    """(count, classes) as `penstock infer` wrote them."""
    rows = pd.read_csv(path)
    if len(rows) != count or rows["error"].notna().any():
        raise SystemExit(f"'{path}' has {len(rows)} rows for {count}, {rows['error'].notna().sum()} of them with an error")
    columns = [f"p_{name}" for name in table.names]
    if all(c in rows for c in columns):
        return rows[columns].to_numpy()
    if len(table.names) == 2 and "probability" in rows:
        return np.stack([1 - rows["probability"], rows["probability"]], axis=1)
    raise SystemExit(f"'{path}' has neither the columns {columns} nor 'probability'")


def ours(asked, table, fold, recipe):
    """(N, classes) by the program, fold after fold."""
    sets = [word for pair in asked.set for word in ("--set", pair)]
    name = os.path.splitext(os.path.basename(recipe))[0]
    folder = f"{asked.out}/{asked.name or name}"
    digest = hashlib.sha256(recipe_text(asked, recipe).encode()).hexdigest()[:16]
    same_as_before(folder, f"{recipe} {digest} {' '.join(sets)} inner={asked.inner} threads={asked.threads}\n")
    out = np.zeros((len(fold), len(table.names)))
    for k in range(FOLDS):
        data = f"{asked.out}/folds/{k}"
        predictions, run = f"{folder}/{k}.csv", f"{folder}/{k}.run"
        began = time.time()
        if not os.path.exists(predictions):
            shutil.rmtree(run, ignore_errors=True)
            common = ["--threads", str(asked.threads), "--quiet"]
            whole = [] if asked.inner else ["--val", f"{data}/train.{asked.ending}"]
            subprocess.run([asked.penstock, "train", recipe, "--data", f"{data}/train.{asked.ending}", *whole, "--out", run, *sets, *common],
                           check=True, stdout=subprocess.DEVNULL)
            subprocess.run([asked.penstock, "infer", run, "--data", f"{data}/test.{asked.ending}", "--out", predictions, *common],
                           check=True, stdout=subprocess.DEVNULL)
            shutil.rmtree(run)
            print(f"{name}: fold {k} in {time.time() - began:.1f} s", flush=True)
        out[fold == k] = probabilities(predictions, table, (fold == k).sum())
    return out


def peers(asked, table, fold):
    folder = f"{asked.out}/peer-{asked.peer}"
    os.makedirs(folder, exist_ok=True)
    out = np.zeros((len(fold), len(table.names)))
    for k in range(FOLDS):
        path = f"{folder}/{k}.npy"
        if not os.path.exists(path):
            began = time.time()
            model = LEARNERS[asked.peer](table)
            model.fit(table.rows[fold != k], table.label[fold != k])
            np.save(f"{folder}/partial.npy", model.predict_proba(table.rows[fold == k]))
            os.rename(f"{folder}/partial.npy", path)
            print(f"{asked.peer}: fold {k} in {time.time() - began:.1f} s" + (f", C = {model.chosen:.3g}" if hasattr(model, "chosen") else ""), flush=True)
        out[fold == k] = np.load(path)
    return out


def scores(table, fold, p):
    """A number a fold, and whether more of it is better."""
    found = {"AUC": [], "accuracy": [], "log loss": []}
    for k in range(FOLDS):
        label, rows = table.label[fold == k], np.clip(p[fold == k].astype(np.float64), 0, 1)  # f32 rounds above 1
        rows = rows / rows.sum(axis=1, keepdims=True)
        found["accuracy"].append(np.mean(rows.argmax(axis=1) == label))
        found["log loss"].append(metrics.log_loss(label, rows, labels=range(len(table.names))))
        if len(table.names) == 2:
            found["AUC"].append(metrics.roc_auc_score(label, rows[:, 1]))
    return {name: np.array(values) for name, values in found.items() if values}


def print_folds(who, found):
    for name, values in found.items():
        print(f"{who}, {name}: {values.mean():.5f} +- {values.std(ddof=1):.5f}; folds " + " ".join(f"{v:.4f}" for v in values))


def print_differences(recipe, peer, a, b):
    t = stats.t.ppf(0.975, FOLDS - 1)
    print(f"\n| {recipe} less {peer} | {recipe} | {peer} | difference | 95 %, paired t | 95 %, corrected | better in | |\n|---|---|---|---|---|---|---|---|")
    for name in a:
        d = a[name] - b[name]
        half = t * d.std(ddof=1) / math.sqrt(FOLDS)
        wide = t * d.std(ddof=1) * math.sqrt(1 / FOLDS + 1 / (FOLDS - 1))
        gain = -d if name == "log loss" else d
        verdict = "better" if gain.mean() > half else "worse" if gain.mean() < -half else "no worse"
        print(f"| {name} | {a[name].mean():.4f} | {b[name].mean():.4f} | {d.mean():+.4f} | {d.mean() - half:+.4f} to {d.mean() + half:+.4f} | "
              f"{d.mean() - wide:+.4f} to {d.mean() + wide:+.4f} | {(gain > 0).sum()} of {FOLDS} | {verdict} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", help="NAME=FILE")
    parser.add_argument("recipes", nargs="*", metavar="RECIPE")
    parser.add_argument("--out", required=True)
    parser.add_argument("--peer", default="hist", choices=[*LEARNERS, "none"])
    parser.add_argument("--penstock", default="build/penstock")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--name", help="of the folder in FOLDER, in the place of the recipe's (of one recipe with several --set)")
    parser.add_argument("--inner", action="store_true", help="leave the recipe its data.val, inside the nine tenths")
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    name, _, file = asked.table.partition("=")
    table = small_tables.read(name, file)
    asked.ending = "tsv" if ".tsv" in file else "csv"
    fold = folds_of(table)
    same_as_before(f"{asked.out}/folds", f"{asked.table}\n")
    for k in range(FOLDS):
        os.makedirs(f"{asked.out}/folds/{k}", exist_ok=True)
        write_lines(table, fold != k, f"{asked.out}/folds/{k}/train.{asked.ending}")
        write_lines(table, fold == k, f"{asked.out}/folds/{k}/test.{asked.ending}")
    theirs = None if asked.peer == "none" else scores(table, fold, peers(asked, table, fold))
    found = {recipe: scores(table, fold, ours(asked, table, fold, recipe)) for recipe in asked.recipes}
    if theirs:
        print_folds(asked.peer, theirs)
    for recipe, values in found.items():
        print_folds(recipe, values)
    for recipe, values in found.items():
        if theirs:
            print_differences(recipe, asked.peer, values, theirs)


if __name__ == "__main__":
    main()
