import joblib
import numpy as np
import pytest
from skorch.callbacks import Callback

from skdualcnn.preprocessing import SlidingWindow


def test_windows_are_signals_along_time(classifier, assert_same_model, X, y):
    windows = SlidingWindow(length=5).fit_transform(X)
    clf = classifier().fit(windows, y)
    assert clf.input_shape_ == (8, 5)
    assert clf.n_features_in_ == 5
    assert clf.net_.module_.blocks[0].conv.in_channels == 8
    copied = classifier().fit(windows.copy(), y)
    assert_same_model(clf, copied, windows)


def test_windows_are_not_copied_on_the_way_to_torch(classifier, X, y):
    seen = []

    class Look(Callback):
        def on_train_begin(self, net, X, **kwargs):
            seen.append(X.signals.data_ptr())

    windows = SlidingWindow(length=5).fit_transform(X)
    classifier(callbacks=[Look()]).fit(windows, y)
    assert seen == [windows.__array_interface__["data"][0]]


def test_a_read_only_memory_map_trains_like_an_array(classifier, assert_same_model, X, y, tmp_path):
    joblib.dump(X, tmp_path / "X.joblib")
    mapped = joblib.load(tmp_path / "X.joblib", mmap_mode="r")
    assert not mapped.flags.writeable
    assert_same_model(classifier().fit(mapped, y), classifier().fit(X, y), mapped)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_reversed_arrays_train_and_are_answered_like_their_copies(
    classifier, assert_same_model, X, y, dtype
):
    back = X.astype(dtype)[::-1, ::-1]
    clf = classifier().fit(back, y)
    assert_same_model(clf, classifier().fit(back.copy(), y), back)
    windows = SlidingWindow(length=5).fit_transform(X)[:, ::-1]
    assert_same_model(classifier().fit(windows, y), classifier().fit(windows.copy(), y), windows)
