"""The small tables that learners are compared on, as their files have them: features, labels, names of the classes."""
from dataclasses import dataclass

import numpy as np
import pandas as pd

ADULT = ["age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation", "relationship", "race", "sex",
         "capital_gain", "capital_loss", "hours_per_week", "native_country", "income"]


@dataclass
class Table:
    rows: pd.DataFrame   # a column a feature; categories as pandas' category
    label: np.ndarray    # (N) places in `names`
    names: np.ndarray


def adult(file):
    rows = pd.read_csv(file, header=None, names=ADULT, skipinitialspace=True, na_values="?")
    label = rows.pop("income")
    for column in rows.columns:
        if not pd.api.types.is_numeric_dtype(rows[column]):
            rows[column] = rows[column].astype("category")
    return rows, label


def higgs(file):
    rows = pd.read_csv(file, sep="\t", header=None, names=["label"] + [f"f{i}" for i in range(28)])
    return rows.drop(columns="label"), rows["label"].astype(int).astype(str)


def covertype(file):
    rows = pd.read_csv(file)
    return rows.drop(columns=["Id", "Cover_Type"]), rows["Cover_Type"].astype(str)


READERS = {"adult": adult, "higgs": higgs, "covertype": covertype}


def read(name, file):
    if name not in READERS:
        raise SystemExit(f"no table '{name}': one of {', '.join(READERS)}, as higgs=FILE")
    rows, label = READERS[name](file)
    names, codes = np.unique(label.to_numpy(), return_inverse=True)
    return Table(rows, codes, names)
