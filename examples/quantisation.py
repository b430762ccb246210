"""
Quantisation as a hyper-parameter
=================================

The integer twin of a pipeline is a scikit-learn classifier. So the number of bits, the way that
ranges are read off the data and the epochs of quantisation-aware training are searched like any
other parameter, and scored in cross-validation with the labels.
"""

# %%
# A pipeline, and its twin around it
# ----------------------------------

import numpy as np
import pandas as pd
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline

from firmware_export import FixedPointClassifier
from skdualcnn import DualPathCNNClassifier, make_fusion_preprocessor
from skdualcnn.datasets import make_ward
from skdualcnn.inspection import AblationDisplay
from skdualcnn.metrics import make_head_scorer

ward = make_ward(n_patients=9, hours=3, random_state=0)
pipeline = make_pipeline(
    make_fusion_preprocessor(**ward.modalities),
    DualPathCNNClassifier(
        architecture="compact", lr=3e-3, batch_size=64, max_epochs=10, random_state=0
    ),
)


def mean_area(estimator, X, y):
    """Return the ROC-AUC, the mean of the two heads'."""
    return np.mean(
        [
            make_head_scorer("roc_auc", head=head, normal="normal")(estimator, X, y[head])
            for head in y
        ]
    )


# %%
# The search
# ----------
# Every candidate is trained, quantised and scored with integers on patients held out.

search = GridSearchCV(
    FixedPointClassifier(pipeline),
    [
        {"activation_bits": [16, 8]},
        {"activation_bits": [8], "calibration": ["mse"], "qat_epochs": [0, 2]},
    ],
    scoring=mean_area,
    cv=GroupKFold(3),
    refit=False,
).fit(ward.data, ward.target, groups=ward.groups)

# %%
# What bits cost
# --------------
# Eight bits take half the RAM. What that costs in ROC-AUC is the difference within a fold,
# because the folds are the same patients for every candidate.

results = pd.DataFrame(search.cv_results_)
names = ["16 bits", "8 bits", "8 bits, mse", "8 bits, mse, 2 epochs of training"]
folds = results[[f"split{i}_test_score" for i in range(3)]].to_numpy()
AblationDisplay.from_predictions(
    dict(zip(names, folds, strict=True)),
    reference="16 bits",
    score_name="ROC-AUC, mean of the two heads (simulated ward)",
)
