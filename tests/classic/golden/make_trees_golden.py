#!/usr/bin/env python3
"""Writes xgboost.txt: what XGBoost's Python package predicts after training on batches of the table that ../trees/made_table.h makes too.

    python3 make_trees_golden.py > xgboost.txt      needs numpy and xgboost-cpu (3.2.0 made the committed file)
A line a model: its name, then predictions of the first rows of another table, as C's hexadecimal floats.
"""
import numpy as np
import xgboost

BATCH, SHOWN = 128, 25
NAMES, TYPES = ["shop", "price", "week_no", "noise"], ["c", "float", "float", "float"]
PARAMS = dict(tree_method="hist", max_depth=4, subsample=0.6, seed=11, seed_per_iteration=True, nthread=1)


def made_table(rows, state):
    def draw(below):
        nonlocal state
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        return (state >> 8) % below

    values, number = [], []
    for _ in range(rows):
        shop, price, week, noise, missing = draw(7), draw(64), draw(52), draw(100), draw(8)
        values.append([shop, float("nan") if missing == 0 else price / 4, week, noise])
        number.append(shop * 3 % 7 * 4 + (5 if missing == 0 else price // 8) - (6 if week > 26 else 0) + draw(3))
        draw(2)
    y = np.array(number, dtype=np.float32)
    return np.array(values, dtype=np.float32), {"number": y, "yes": (y > 12).astype(np.float32),
                                                "class": (y > 8).astype(np.float32) + (y > 16)}


class Batches(xgboost.DataIter):
    def __init__(self, values, targets, cache=None):
        self.values, self.targets, self.at = values, targets, 0
        super().__init__(cache_prefix=cache, on_host=False)

    def reset(self):
        self.at = 0

    def next(self, input_data):
        if self.at >= len(self.values):
            return False
        rows = slice(self.at, self.at + BATCH)
        input_data(data=self.values[rows].copy(), label=self.targets[rows], feature_names=NAMES, feature_types=TYPES)
        self.at += BATCH
        return True


def main():
    values, targets = made_table(1200, 1)
    other, _ = made_table(SHOWN, 9)
    for name, more, target in (("regression", {"objective": "reg:squarederror"}, "number"),
                               ("binary", {"objective": "binary:logistic"}, "yes"),
                               ("classes", {"objective": "multi:softprob", "num_class": 3}, "class")):
        matrix = xgboost.QuantileDMatrix(Batches(values, targets[target]), enable_categorical=True, nthread=1)
        booster = xgboost.train({**PARAMS, **more}, matrix, 14)
        print(name, *(float(p).hex() for p in np.ravel(booster.inplace_predict(other))))


if __name__ == "__main__":
    main()
