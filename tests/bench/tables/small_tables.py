"""The small tables that learners are compared on, as their files have them: features, labels, names of the classes, and the lines themselves."""
import gzip
from dataclasses import dataclass

import numpy as np
import pandas as pd

ADULT = ["age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation", "relationship", "race", "sex",
         "capital_gain", "capital_loss", "hours_per_week", "native_country", "income"]
COUNTS = [f"I{i}" for i in range(1, 14)]
CODES = [f"C{i}" for i in range(1, 27)]


@dataclass
class Table:
    rows: pd.DataFrame   # a column a feature; categories as pandas' category
    label: np.ndarray    # (N) places in `names`
    names: np.ndarray    # classes as text, sorted
    header: str          # the file's first line where it names columns, else ""
    lines: list          # (N) the file's own text of each row


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


def criteo(file):
    rows = pd.read_csv(file, dtype={c: "category" for c in CODES})
    return rows[COUNTS + CODES], rows["Label"].astype(str)


def criteo_terabyte(file):
    rows = pd.read_csv(file, sep="\t", header=None, names=["Label"] + COUNTS + CODES, dtype={c: "category" for c in CODES})
    return rows[COUNTS + CODES], rows["Label"].astype(str)


READERS = {"adult": (adult, False), "higgs": (higgs, False), "covertype": (covertype, True), "criteo": (criteo, True),
           "criteo-terabyte": (criteo_terabyte, False)}


def lines_of(file):
    opener = gzip.open if file.endswith(".gz") else open
    with opener(file, "rt", newline="") as text:
        return [line.rstrip("\r\n") for line in text if line.strip()]


def read(name, file):
    """Of files whose rows are a line each, as all of these are."""
    if name not in READERS:
        raise SystemExit(f"no table '{name}': one of {', '.join(READERS)}, as higgs=FILE")
    reader, has_header = READERS[name]
    rows, label = reader(file)
    names, codes = np.unique(label.to_numpy(), return_inverse=True)
    lines = lines_of(file)
    header = lines.pop(0) if has_header else ""
    if len(lines) != len(rows):
        raise SystemExit(f"'{file}' has {len(lines)} lines and {len(rows)} rows: a row is to be a line")
    return Table(rows, codes, names, header, lines)
