from benchmarks.paper.models import MINIROCKET
from skdualcnn._calibrators import CALIBRATORS
from skdualcnn._studies import OURS
from skdualcnn.baselines import make_baselines
from skdualcnn.inspection._style import _BASELINES, model_styles

NAMES = [*make_baselines([]), MINIROCKET]
CALIBRATED = [f"{OURS}, {method}" for method in CALIBRATORS]


def look(styles, name):
    return styles[name]["color"], styles[name]["marker"]


def test_baselines_are_known_by_name():
    assert set(NAMES) == set(_BASELINES)


def test_a_model_looks_the_same_whoever_else_is_in_the_figure():
    every = model_styles([OURS, *NAMES], OURS)
    ranked = model_styles([OURS, *CALIBRATED, *NAMES[:0:-1]], OURS)
    for name in [OURS, *NAMES[1:]]:
        assert ranked[name] == every[name]


def test_no_two_models_of_a_page_look_alike():
    styles = model_styles([OURS, *CALIBRATED, *NAMES], OURS)
    assert len({look(styles, name) for name in styles}) == len(styles) == 11
    own = model_styles([f"mine {k}" for k in range(13)], "mine 0")
    assert len({look(own, name) for name in own}) == 13
