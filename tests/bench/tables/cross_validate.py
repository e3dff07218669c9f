#!/usr/bin/env python3
"""Paired ten-fold cross-validation of two learners on the small tables of tests/bench/tables/small_tables.py.

    cross_validate.py folds   TABLE FOLDS.csv                which row is in which fold: row,fold (stratified, seeded)
    cross_validate.py split   TABLE FOLDS.csv FOLDER         FOLDER/K/train.csv and test.csv of each fold, with a header, for another program
    cross_validate.py peer    TABLE FOLDS.csv OUT.csv --learner hist|logistic|xgboost [--params '{"max_depth": 8}']
    cross_validate.py gather  TABLE FOLDS.csv OUT.csv FILE...   predictions of the folds 0, 1, ... as `penstock infer` wrote them
    cross_validate.py compare TABLE FOLDS.csv OURS.csv PEER.csv

Predictions are row,p0,p1,... with a probability for each class. `compare` prints for each metric both means and the mean of the folds'
differences with its 95 % interval (Student's t over the folds). "no worse" is an interval that is not wholly on the peer's side.
Folds share training rows, so that such an interval is somewhat too narrow (Nadeau and Bengio 2003): the corrected one is printed beside it.
Needs scikit-learn and pandas; xgboost where a peer is one. TABLE is NAME=FILE, as higgs=higgs/binary.train.tsv.gz.
"""
import argparse
import json
import math
import os

import numpy as np
import pandas as pd
from scipy import stats
from sklearn import metrics, model_selection

import small_tables

FOLDS = 10


def write_folds(table, path):
    splitter = model_selection.StratifiedKFold(n_splits=FOLDS, shuffle=True, random_state=7)
    fold = np.zeros(len(table.label), dtype=int)
    for k, (_, test) in enumerate(splitter.split(table.label, table.label)):
        fold[test] = k
    pd.DataFrame({"row": np.arange(len(fold)), "fold": fold}).to_csv(path, index=False)


def read_folds(path):
    return pd.read_csv(path)["fold"].to_numpy()


def write_split(table, fold, folder):
    whole = table.rows.copy()
    whole["label"] = table.names[table.label]
    for k in range(FOLDS):
        os.makedirs(f"{folder}/{k}", exist_ok=True)
        whole[fold != k].to_csv(f"{folder}/{k}/train.csv", index=False)
        whole[fold == k].to_csv(f"{folder}/{k}/test.csv", index=False)


def hist(table, params):
    from sklearn.ensemble import HistGradientBoostingClassifier
    categories = [table.rows[c].dtype == "category" for c in table.rows.columns]
    return HistGradientBoostingClassifier(random_state=0, categorical_features=categories if any(categories) else None, **params)


def logistic(table, params):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000, **params))


def xgboost(table, params):
    from xgboost import XGBClassifier
    return XGBClassifier(tree_method="hist", enable_categorical=True, random_state=0, n_jobs=1, **params)


LEARNERS = {"hist": hist, "logistic": logistic, "xgboost": xgboost}


def predict(table, fold, learner, params):
    out = np.zeros((len(fold), len(table.names)))
    for k in range(FOLDS):
        model = LEARNERS[learner](table, params)
        model.fit(table.rows[fold != k], table.label[fold != k])
        out[fold == k] = model.predict_proba(table.rows[fold == k])
    return out


def write_predictions(out, path):
    frame = pd.DataFrame(out, columns=[f"p{c}" for c in range(out.shape[1])])
    frame.insert(0, "row", np.arange(len(out)))
    frame.to_csv(path, index=False, float_format="%.9g")


def read_predictions(path):
    return pd.read_csv(path).sort_values("row").iloc[:, 1:].to_numpy()


def gather(table, fold, files):
    """Probabilities that a program wrote for the test rows of each fold, a row a record in their order: p.NAME, or one column
    `probability` of the class with the last name."""
    if len(files) != FOLDS:
        raise SystemExit(f"{len(files)} files for {FOLDS} folds")
    out = np.zeros((len(fold), len(table.names)))
    for k, file in enumerate(files):
        rows = pd.read_csv(file)
        if len(rows) != (fold == k).sum():
            raise SystemExit(f"'{file}' has {len(rows)} rows, fold {k} has {(fold == k).sum()}")
        columns = [f"p.{name}" for name in table.names]
        if all(c in rows for c in columns):
            out[fold == k] = rows[columns].to_numpy()
        elif len(table.names) == 2 and "probability" in rows:
            positive = rows["probability"].to_numpy()
            out[fold == k] = np.stack([1 - positive, positive], axis=1)
        else:
            raise SystemExit(f"'{file}' has neither the columns {columns} nor 'probability'")
    return out


def scores(table, fold, p):
    """Higher is better, one number a fold."""
    found = {"accuracy": [], "-log loss": []}
    if len(table.names) == 2:
        found["AUC"] = []
    for k in range(FOLDS):
        label, rows = table.label[fold == k], p[fold == k]
        rows = rows / rows.sum(axis=1, keepdims=True)
        found["accuracy"].append(np.mean(rows.argmax(axis=1) == label))
        found["-log loss"].append(-metrics.log_loss(label, rows, labels=range(len(table.names))))
        if "AUC" in found:
            found["AUC"].append(metrics.roc_auc_score(label, rows[:, 1]))
    return {name: np.array(values) for name, values in found.items()}


def compare(table, fold, ours, peer):
    a, b = scores(table, fold, ours), scores(table, fold, peer)
    t = stats.t.ppf(0.975, FOLDS - 1)
    print("| metric | ours | peer | ours - peer | 95 % interval | corrected | |\n|---|---|---|---|---|---|---|")
    for name in a:
        d = a[name] - b[name]
        half = t * d.std(ddof=1) / math.sqrt(FOLDS)
        wide = t * d.std(ddof=1) * math.sqrt(1 / FOLDS + 1 / (FOLDS - 1))
        verdict = "better" if d.mean() - half > 0 else "worse" if d.mean() + half < 0 else "no worse"
        print(f"| {name} | {a[name].mean():.5f} | {b[name].mean():.5f} | {d.mean():+.5f} | {d.mean() - half:+.5f} .. "
              f"{d.mean() + half:+.5f} | {d.mean() - wide:+.5f} .. {d.mean() + wide:+.5f} | {verdict} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["folds", "split", "peer", "gather", "compare"])
    parser.add_argument("table")
    parser.add_argument("folds")
    parser.add_argument("out", nargs="*")
    parser.add_argument("--learner", default="hist", choices=sorted(LEARNERS))
    parser.add_argument("--params", default="{}", type=json.loads)
    asked = parser.parse_args()
    name, _, file = asked.table.partition("=")
    table = small_tables.read(name, file)
    if asked.what == "folds":
        return write_folds(table, asked.folds)
    fold = read_folds(asked.folds)
    if asked.what == "split":
        write_split(table, fold, asked.out[0])
    elif asked.what == "peer":
        write_predictions(predict(table, fold, asked.learner, asked.params), asked.out[0])
    elif asked.what == "gather":
        write_predictions(gather(table, fold, asked.out[1:]), asked.out[0])
    else:
        compare(table, fold, read_predictions(asked.out[0]), read_predictions(asked.out[1]))


if __name__ == "__main__":
    main()
