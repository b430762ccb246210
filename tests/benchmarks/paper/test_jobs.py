from collections import Counter

import pytest

from benchmarks.paper.jobs import CALIBRATION, CURVES, DEPLOYMENT, Job, Settings, plan
from skdualcnn._studies import OURS

MODELS = [OURS, "boosted trees", "random forest"]


@pytest.fixture
def jobs():
    settings = Settings.choose(quick=True, n_seeds=3)
    return list(plan("ward", ["patient", "environment", "network"], MODELS, settings))


def test_every_part_is_there(jobs):
    parts = Counter((job.protocol, job.part) for job in jobs)
    for protocol in ("paper", "honest"):
        # three seeds of three models, and of ours with three single modalities and three pairs
        assert parts[protocol, "test"] == 3 * (3 + 6)
        assert parts[protocol, CALIBRATION] == 3
        assert parts[protocol, CURVES] == 1
        assert [parts[protocol, f"fold {fold}"] for fold in range(1, 6)] == [2] * 5
    assert parts["honest", DEPLOYMENT] == 1
    assert parts["paper", DEPLOYMENT] == 0


def test_a_full_run_folds_every_model():
    jobs = plan("ward", ["patient"], MODELS, Settings.choose(quick=False, n_seeds=1))
    assert {job.model for job in jobs if job.part == "fold 1"} == set(MODELS)


def test_one_modality_is_not_taken_apart():
    jobs = plan("nsl_kdd", ["network"], MODELS, Settings.choose(quick=True, n_seeds=1))
    assert not any(job.modalities for job in jobs)


def test_every_job_has_a_file_of_its_own(jobs):
    assert len({job.path for job in jobs}) == len(jobs) == len(set(jobs))
    job = Job("ward", "honest", "fold 2", "SVM (RBF)", 1, ("patient", "network"))
    assert job.path.as_posix() == "ward/honest/fold_2--SVM_RBF--patient+network--seed_1.npz"
