import copy
import json

import numpy as np
import pandas as pd
import pytest

from skdualcnn.exceptions import FederationError
from skdualcnn.federated._summary import (
    N_QUANTILES,
    check_alike,
    join_classes,
    join_columns,
    summarise,
)

MODALITIES = {"patient": ["spo2"], "environment": [], "network": ["protocol"]}


def describe(site, spo2, protocol=("tcp",), health=("normal",)):
    n = len(spo2)
    data = pd.DataFrame({"spo2": spo2, "protocol": np.resize(np.array(protocol, object), n)})
    target = pd.DataFrame({"health": np.resize(np.array(health, object), n)}, dtype=object)
    return summarise(site, data, target, MODALITIES)


def test_a_summary_is_json_and_holds_no_reading_that_stands_out():
    spo2 = np.append(np.linspace(90, 100, 999), 12.5)  # one patient, one moment
    text = json.dumps(describe("a", spo2))
    assert "12.5" not in text
    described = json.loads(text)["columns"]["spo2"]
    assert len(described["quantiles"]) == N_QUANTILES
    assert described["quantiles"][0] == pytest.approx(np.sort(spo2)[:5].mean())


def test_the_quantiles_never_fall():
    rng = np.random.default_rng(0)
    for n in (1, 2, 5, 7, 40, 3000):
        quantiles = describe("a", rng.normal(size=n) ** 3)["columns"]["spo2"]["quantiles"]
        assert (np.diff(quantiles) >= 0).all()


def test_the_joined_table_is_distributed_as_all_rows_are():
    rng = np.random.default_rng(0)
    one, other = rng.normal(95, 2, 3000), rng.normal(80, 5, 1000)
    table = join_columns([describe("a", one), describe("b", other, protocol=["udp", None])])
    pooled = np.concatenate([one, other])
    shares = [0.05, 0.25, 0.5, 0.75, 0.95]
    np.testing.assert_allclose(
        table["spo2"].quantile(shares), np.quantile(pooled, shares), atol=0.4
    )
    assert set(table["protocol"].dropna()) == {"tcp", "udp"}
    assert table["protocol"].isna().mean() == pytest.approx(500 / 4000, abs=0.001)


def test_a_gap_at_one_site_is_a_gap_in_the_table():
    spo2 = np.full(10_000, 97.0)
    spo2[0] = np.nan
    table = join_columns([describe("a", spo2), describe("b", np.full(9, 95.0))])
    assert table["spo2"].isna().sum() == 1
    assert set(table["spo2"].dropna()) == {95.0, 97.0}


def test_a_column_that_a_site_does_not_measure():
    empty = describe("a", np.full(50, np.nan))
    check_alike([empty, describe("b", np.arange(50.0))])
    table = join_columns([empty, describe("b", np.arange(50.0))])
    assert table["spo2"].isna().mean() == 0.5
    assert join_columns([empty, empty])["spo2"].isna().all()


def test_classes_are_those_of_all_sites():
    sites = [describe("a", [1.0]), describe("b", [1.0], health=["sepsis"])]
    assert join_classes(sites) == {"health": ["normal", "sepsis"]}


@pytest.mark.parametrize(
    ("health", "message"),
    [
        (["normal"], "has the class 'normal' only over all sites"),
        ([0], "expected either text or numbers"),
        ([None], "class 'normal' only"),
    ],
)
def test_classes_that_train_nothing_are_refused(health, message):
    with pytest.raises(FederationError, match=message):
        join_classes([describe("a", [1.0]), describe("b", [1.0], health=health)])
    with pytest.raises(FederationError, match="No site has a label"):
        join_classes([describe("a", [1.0], health=[None])])


def test_sites_that_differ_are_refused():
    one = describe("a", [97.0, 98.0])
    with pytest.raises(FederationError, match="a name of its own"):
        check_alike([one, one])
    other = copy.deepcopy(one) | {"site": "b", "modalities": {**MODALITIES, "patient": ["hr"]}}
    with pytest.raises(FederationError, match="Agree on columns and their order"):
        check_alike([one, other])
    with pytest.raises(
        FederationError, match="'spo2' has text at site 'b' and numbers at site 'a'"
    ):
        check_alike([one, describe("b", ["high", "low"])])
    with pytest.raises(FederationError, match="Site 'c' has no column 'protocol'"):
        summarise("c", pd.DataFrame({"spo2": [1.0]}), pd.DataFrame(), MODALITIES)


@pytest.mark.parametrize(
    ("spo2", "message"),
    [
        ([97.0, np.inf, -np.inf], "Column 'spo2' of site 'a' has 2 infinite value"),
        (np.array([97.0, None], object), "of dtype object and has values such as 97.0"),
        (pd.Categorical([1, 2, None]), "of dtype category and has values such as 1"),
    ],
)
def test_columns_that_would_not_be_read_alike_are_refused(spo2, message):
    with pytest.raises(FederationError, match=message):
        describe("a", spo2)
