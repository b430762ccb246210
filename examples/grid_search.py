"""Grid search over the whole pipeline, beside a random forest.

One search tunes the margin of the decision and the learning rate of the network
together; cross-validation then compares the tuned pipeline with a random forest behind
the same preprocessor. Folds hold out whole patients of the simulated ward.

Run: python examples/grid_search.py
"""

import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline

from skdualcnn import DualPathCNNClassifier, FusionDecider, make_fusion_preprocessor
from skdualcnn.datasets import make_ward


def main(n_patients: int = 12, hours: float = 8.0, max_epochs: int = 8) -> pd.DataFrame:
    """Search, compare, and return the accuracy of the decisions in each fold."""
    ward = make_ward(n_patients=n_patients, hours=hours, random_state=0)
    preprocessor = make_fusion_preprocessor(**ward.modalities)
    folds = GroupKFold(n_splits=3)

    network = make_pipeline(
        preprocessor,
        DualPathCNNClassifier(batch_size=128, max_epochs=max_epochs, random_state=0),
    )
    search = GridSearchCV(
        FusionDecider(network),
        {"delta": [0.0, 0.2], "estimator__dualpathcnnclassifier__lr": [3e-4, 3e-3]},
        cv=folds,
        n_jobs=2,
    )
    search.fit(ward.data, ward.target, groups=ward.groups)
    print(f"best parameters: {search.best_params_}, accuracy {search.best_score_:.3f}")

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
    print("accuracy of the decisions, three folds of whole patients (simulated ward):")
    print(scores.agg(["mean", "std"]).T.round(3))
    return scores


if __name__ == "__main__":
    main()
