"""
Grid search, beside a random forest
===================================

One search tunes the margin of the decision and the learning rate of the network together.
Cross-validation then compares the tuned pipeline with a random forest behind the same
preprocessor. Folds hold out whole patients of the simulated ward.
"""

# %%
# A decider is an estimator like any other, so its parameters and those of the network inside it
# go into one grid.

import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline

from skdualcnn import DualPathCNNClassifier, FusionDecider, make_fusion_preprocessor
from skdualcnn.datasets import make_ward

ward = make_ward(n_patients=9, hours=5, random_state=0)
preprocessor = make_fusion_preprocessor(**ward.modalities)
folds = GroupKFold(n_splits=3)

network = make_pipeline(
    preprocessor, DualPathCNNClassifier(batch_size=128, max_epochs=8, random_state=0)
)
search = GridSearchCV(
    FusionDecider(network),
    {"delta": [0.0, 0.2], "estimator__dualpathcnnclassifier__lr": [3e-4, 3e-3]},
    cv=folds,
)
search.fit(ward.data, ward.target, groups=ward.groups)
print(f"best parameters: {search.best_params_}, accuracy {search.best_score_:.3f}")

# %%
# The same folds, a random forest
# -------------------------------
# The forest gets the same columns and the same decision on top. The network was tuned on these
# folds and the forest was not, which favours the network.

forest = FusionDecider(make_pipeline(preprocessor, RandomForestClassifier(random_state=0)))
scores = pd.DataFrame(
    {
        name: cross_val_score(model, ward.data, ward.target, groups=ward.groups, cv=folds)
        for name, model in {
            "dual-path CNN": search.best_estimator_,
            "random forest": forest,
        }.items()
    }
)
scores.agg(["mean", "std"]).T.round(3)

# %%
# Fold by fold
# ------------
# Both models see the same folds, so what counts is the difference within a fold.

from skdualcnn.inspection import AblationDisplay

AblationDisplay.from_predictions(
    scores.to_dict("list"),
    reference="dual-path CNN",
    score_name="accuracy of the decisions on patients held out (simulated ward)",
)
