"""scikit-learn's side of a comparison: what stands for each name of a peer. fit(rows, label), predict_proba(rows), as scikit-learn has it."""
import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction import FeatureHasher


def hist(table):
    """HistGradientBoosting as it comes, told which columns are categories."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    categories = [table.rows[c].dtype == "category" for c in table.rows.columns]
    return HistGradientBoostingClassifier(random_state=0, categorical_features=categories if any(categories) else None)


class Hashed(BaseEstimator, TransformerMixin):
    """Columns as a sparse matrix: of categories NAME=VALUE hashed into 2^18 columns with a sign; of numbers sign(x) log(1 + |x|) to mean 0 and
    deviation 1 of the training rows, 0 where missing, and a column that says so."""

    def __init__(self, bits=18):
        self.bits = bits

    def fit(self, rows, label=None):
        numbers = self.logs(rows)
        self.used = np.unique(self.hashed(rows).indices)  # a weight that no training row touches stays 0
        self.mean, self.deviation = np.nanmean(numbers, axis=0), np.nanstd(numbers, axis=0)
        self.deviation[self.deviation == 0] = 1
        return self

    def transform(self, rows):
        numbers = self.logs(rows)
        missing = np.isnan(numbers)
        scaled = np.where(missing, 0, (numbers - self.mean) / self.deviation)
        return sparse.hstack([self.hashed(rows)[:, self.used], sparse.csr_matrix(scaled), sparse.csr_matrix(missing.astype(float))], format="csr")

    def hashed(self, rows):
        names = [c for c in rows.columns if rows[c].dtype == "category"]
        columns = [(name + "=" + rows[name].astype(object).where(rows[name].notna(), "").astype(str)).to_numpy() for name in names]
        return FeatureHasher(2**self.bits, input_type="string").transform(zip(*columns))

    def logs(self, rows):
        numbers = rows[[c for c in rows.columns if rows[c].dtype != "category"]].to_numpy(dtype=float)
        return np.sign(numbers) * np.log1p(np.abs(numbers))


class HashedLogistic:
    """Logistic regression on Hashed; how strongly it is held back (C) is the best log loss of five folds inside the training rows."""

    GRID = np.logspace(-3, 0, 9)

    def fit(self, rows, label):
        from sklearn.linear_model import LogisticRegressionCV
        from sklearn.model_selection import StratifiedKFold
        inner = StratifiedKFold(5, shuffle=True, random_state=1)
        self.columns = Hashed().fit(rows)
        self.model = LogisticRegressionCV(Cs=self.GRID, cv=inner, scoring="neg_log_loss", max_iter=2000, l1_ratios=(0,), use_legacy_attributes=False)
        self.model.fit(self.columns.transform(rows), label)
        self.chosen = float(np.ravel(self.model.C_)[0])
        return self

    def predict_proba(self, rows):
        return self.model.predict_proba(self.columns.transform(rows))


LEARNERS = {"hist": hist, "logistic": lambda table: HashedLogistic()}
