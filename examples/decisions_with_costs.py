"""
Decisions with costs
====================

A missed emergency is worse than a nurse who walks to a room for nothing; a missed attack is
something else again. Say what each mistake costs, and let the decider choose its thresholds: on
rows that clones of the network were not trained on, whole patients held out.
"""

import pandas as pd
from sklearn.pipeline import make_pipeline

from skdualcnn import (
    DualPathCNNClassifier,
    FusionDecider,
    TunedFusionDecider,
    make_fusion_preprocessor,
)
from skdualcnn.datasets import make_ward
from skdualcnn.model_selection import honest_split

ward = make_ward(n_patients=12, hours=6, random_state=0)  # simulated
train, test = honest_split(ward, random_state=0)
X, y, groups = (one.iloc[train] for one in (ward.data, ward.target, ward.groups))

# %%
# What mistakes cost
# ------------------
# Of each decision in each true state; the right one costs nothing. "Uncertain" sends somebody to
# look, too.

costs = {
    "normal": {"medical": 1, "cyber": 1, "both": 1, "uncertain": 1},
    "medical": {"normal": 10, "cyber": 10, "both": 0.5, "uncertain": 3},
    "cyber": {"normal": 3, "medical": 2, "both": 0.5, "uncertain": 2},
    "both": {"normal": 10, "cyber": 8, "medical": 2, "uncertain": 3},
}

# %%
# Choose by them
# --------------

pipeline = make_pipeline(
    make_fusion_preprocessor(**ward.modalities),
    DualPathCNNClassifier(lr=3e-3, batch_size=64, max_epochs=5, random_state=0),
)
plain = FusionDecider(pipeline)
tuned = TunedFusionDecider(plain, costs=costs, cv=3, seconds_per_row=60, random_state=0)
tuned.fit(X, y, groups=groups)
print(tuned.best_params_)
pd.DataFrame(tuned.operating_point_).T.round(3)

# %%
# The picture
# -----------
# Mean cost at each threshold of each head, the other settings being the best for it.

from skdualcnn.inspection import OperatingPointDisplay

OperatingPointDisplay.from_estimator(tuned)

# %%
# On patients that nobody has seen
# --------------------------------

plain.fit(X, y)
table = {
    name: pd.crosstab(
        pd.Series(model.true_state(ward.target.iloc[test]), name="true state"),
        pd.Series(model.predict(ward.data.iloc[test]), name="decision"),
    )
    for name, model in {"thresholds of 0.5": plain, "chosen by cost": tuned}.items()
}
pd.concat(table).fillna(0).astype(int)

# %%
# Or by what must hold
# --------------------
# At least nine of ten minutes of emergency flagged as such; among the settings that do that, the
# cheapest. What cannot be kept is an error that names the nearest.

held = TunedFusionDecider(
    plain,
    costs=costs,
    constraints={"medical_sensitivity": 0.9},
    cv=3,
    seconds_per_row=60,
    random_state=0,
).fit(X, y, groups=groups)
pd.DataFrame(held.operating_point_).T.round(3)
