import numpy as np
import pandas as pd
import pytest

from skdualcnn.datasets._bunch import make_dataset, make_target


def pieces(**changes):
    arguments = {
        "data": pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]}, index=[5, 6]),
        "target": make_target(2, cyber=["normal", "attack"]),
        "groups": [0, 1],
        "modalities": {"patient": ["a"], "network": ["b"]},
        "split_by": "groups",
        "protocol": "Hold out groups.",
        "descr": "text",
    }
    return {**arguments, **changes}


def test_target_of_a_head_without_labels_is_none():
    target = make_target(3, health=pd.Series(["normal", "death", "normal"]))
    assert target["cyber"].tolist() == [None, None, None]
    assert target["cyber"].isna().all()
    assert target["health"].tolist() == ["normal", "death", "normal"]
    assert target.dtypes.astype(str).tolist() == ["object", "object"]


def test_bunch_is_complete_and_reindexed():
    dataset = make_dataset(**pieces(), extra_field=7)
    assert dataset.data.index.tolist() == [0, 1]
    assert dataset.modalities == {"patient": ["a"], "environment": [], "network": ["b"]}
    assert dataset.feature_names == ["a", "b"]
    assert dataset.part is None
    assert dataset.extra_field == 7


def test_return_x_y():
    data, target = make_dataset(**pieces(), return_X_y=True)
    assert data.shape == (2, 2)
    assert target["cyber"].tolist() == ["normal", "attack"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"modalities": {"patient": ["a"]}}, "exactly one modality"),
        ({"modalities": {"patient": ["a"], "network": ["a", "b"]}}, "exactly one modality"),
        ({"modalities": {"room": ["a", "b"]}}, "modalities has"),
        ({"groups": [0]}, "groups has 1 rows"),
        ({"target": make_target(3)}, "target has 3 rows"),
        ({"split_by": "rows"}, "split_by"),
        ({"split_by": "file"}, "part goes with"),
        ({"split_by": "file", "part": ["train"]}, "part has 1 rows"),
        ({"part": ["train", "test"]}, "part goes with"),
        ({"data": np.zeros((2, 4, 2), dtype=np.float32)}, "feature_names is needed"),
    ],
)
def test_inconsistent_pieces_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        make_dataset(**pieces(**changes))
