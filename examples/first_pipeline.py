"""
A first pipeline
================

From three streams of a ward to decisions: simulate patients, hold some of them out, fit one
network with two heads, and look at what it says about patients that it never saw.
"""

# %%
# The data
# --------
# The ward is simulated: vital signs, room sensors and network traffic of a few patients, with
# emergencies and attacks. Each row is one minute of one patient, and carries two labels.

from skdualcnn.datasets import make_ward

ward = make_ward(n_patients=16, hours=8, random_state=0)
print({name: len(columns) for name, columns in ward.modalities.items()})
print(ward.target.value_counts(normalize=True).round(3).head(5))

# %%
# Hold out whole patients
# -----------------------
# Minutes of one patient resemble each other. A split of single rows would test on minutes
# whose neighbours were trained on; this one keeps each patient on one side.

from skdualcnn.model_selection import honest_split

train, test = honest_split(ward, random_state=0)
X, y = ward.data.iloc[train], ward.target.iloc[train]
X_test, y_test = ward.data.iloc[test], ward.target.iloc[test]
print(ward.protocol)

# %%
# Fit
# ---
# The preprocessor is a scikit-learn ``ColumnTransformer``: it fills gaps, clips spikes and
# scales every column to [0, 1]. The classifier is the paper's network, with a softmax for each
# column of y. The decider turns both into one answer.

from sklearn.pipeline import make_pipeline

from skdualcnn import DualPathCNNClassifier, FusionDecider, make_fusion_preprocessor

pipeline = make_pipeline(
    make_fusion_preprocessor(**ward.modalities),
    DualPathCNNClassifier(lr=3e-3, batch_size=64, max_epochs=10, random_state=0),
)
decider = FusionDecider(pipeline, delta=0.1).fit(X, y)
decider

# %%
# Did training settle?

from skdualcnn.inspection import TrainingHistoryDisplay

TrainingHistoryDisplay.from_estimator(decider)

# %%
# Two questions, one answer
# -------------------------
# Each head gives probabilities of its classes. The anomaly score of a head is one minus its
# probability of normal, and the decision compares the two.

decisions = decider.predict(X_test)
print(f"accuracy of the decisions on unseen patients: {decider.score(X_test, y_test):.3f}")
reasons = decider.explain_decisions(X_test).drop_duplicates("decision")
for row in reasons.itertuples():
    print(f"{row.decision}: {row.reason}")

# %%
# The same rows in the plane of the two scores: colours and shapes are the truth, the shading
# is what is decided there.

from skdualcnn.inspection import DecisionMapDisplay

DecisionMapDisplay.from_estimator(decider, X_test, y_test)

# %%
# One head is an ordinary classifier
# ----------------------------------
# So whatever takes a classifier takes a head: scorers, calibrators, displays.

from sklearn.frozen import FrozenEstimator

from skdualcnn import HeadClassifier
from skdualcnn.inspection import ConfusionSharesDisplay

for head in ("health", "cyber"):
    one = HeadClassifier(FrozenEstimator(decider.estimator_), head=head).fit(X, y)
    ConfusionSharesDisplay.from_estimator(one, X_test, y_test[head])
