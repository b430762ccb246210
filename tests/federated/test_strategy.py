import json

import numpy as np
import pytest

from skdualcnn import DualPathCNNClassifier
from skdualcnn.exceptions import FederationError
from skdualcnn.federated._agreement import agree, network_of
from skdualcnn.federated._flower import import_flower
from skdualcnn.federated._model_bytes import pack, unpack
from skdualcnn.federated._summary import summarise
from skdualcnn.federated._weights import read_arrays

pytest.importorskip("flwr", reason="Flower is not installed: extra 'federated'")
strategies = import_flower("skdualcnn.federated._strategy")
client_module = import_flower("skdualcnn.federated._client")
common = import_flower("flwr.common")
OK = common.Status(common.Code.OK, "")


class Proxy:
    """A site in this process, asked as Flower's server asks one beyond the network."""

    def __init__(self, client):
        self.client, self.cid = client, f"connection of {client.name}"

    def get_properties(self, ins, timeout, group_id):
        return common.GetPropertiesRes(OK, self.client.get_properties(ins.config))


class Sites:
    """What Flower's client manager is, without waiting."""

    def __init__(self, clients):
        self.proxies = {proxy.cid: proxy for proxy in map(Proxy, clients)}

    def wait_for(self, n, timeout):
        return len(self.proxies) >= n

    def num_available(self):
        return len(self.proxies)

    def all(self):
        return self.proxies


@pytest.fixture
def manager(sites, ward):
    return Sites(
        client_module.SiteClient(name, X, y, ward.modalities, unpack)
        for name, (X, y) in sites.items()
    )


@pytest.fixture
def averaging(classifier):
    return make(classifier)


def make(classifier, **changed):
    arguments = {
        "n_sites": 3,
        "start": lambda said: agree(said, classifier),
        "asks_columns": True,
        "pack": pack,
        "rounds": 1,
        "epochs": 1,
        "patience": 1.0,
        "equal_weights": False,
    }
    return strategies.HeadwiseFedAvg(**{**arguments, **changed})


def train(strategy, manager, parameters, number=1):
    results = []
    for proxy, ins in strategy.configure_fit(number, parameters, manager):
        given = common.parameters_to_ndarrays(ins.parameters)
        arrays, n, metrics = proxy.client.fit(given, ins.config)
        back = common.ndarrays_to_parameters(arrays)
        results.append((proxy, common.FitRes(OK, back, n, metrics)))
    return results


def test_a_head_is_averaged_over_the_sites_that_have_labels_of_it(averaging, manager, sites):
    parameters = averaging.initialize_parameters(manager)
    results = train(averaging, manager, parameters)
    averaged, _ = averaging.aggregate_fit(1, results, [])
    averaged = common.parameters_to_ndarrays(averaged)
    parts = [common.parameters_to_ndarrays(result.parameters) for _, result in results]
    rows = [len(sites[proxy.client.name][0]) for proxy, _ in results]
    there = [proxy.client.name != "south" for proxy, _ in results]
    first = common.parameters_to_ndarrays(parameters)
    for i, one in enumerate(averaging.expected):
        weights = [n * (one.head != "cyber" or known) for n, known in zip(rows, there, strict=True)]
        expected = np.average([arrays[i] for arrays in parts], axis=0, weights=weights)
        np.testing.assert_allclose(averaged[i], expected, rtol=1e-4, atol=1e-6)
        untrained = np.array_equal(parts[there.index(False)][i], first[i])
        assert untrained == (one.head == "cyber"), one.name  # the trunk it does train


def test_sites_take_a_share_of_the_batch_and_a_seed_each_and_the_model_keeps_its_own(
    averaging, manager, monkeypatch
):
    parameters, taken = averaging.initialize_parameters(manager), []
    plain = client_module.network_of

    class Watched(DualPathCNNClassifier):
        def partial_fit(self, *given, **named):
            taken.append((self.batch_size, self.seed_))
            return super().partial_fit(*given, **named)

    def watched(decider):
        network = plain(decider)
        network.__class__ = Watched
        return network

    monkeypatch.setattr(client_module, "network_of", watched)
    for number in (1, 2):
        train(averaging, manager, parameters, number)
    batches, seeds = zip(*taken, strict=True)
    assert batches == (64 // 3,) * 6
    assert len(set(seeds)) == 6
    own = plain(averaging.decider)
    for proxy in manager.all().values():
        after = plain(proxy.client.decider)
        assert (after.batch_size, after.seed_) == (64, own.seed_)


@pytest.mark.parametrize(
    ("together", "n_sites", "each"), [(64, 1, 64), (64, 4, 16), (64, 100, 8), (4, 3, 4)]
)
def test_a_share_of_a_batch_has_rows_enough_for_batch_norm(together, n_sites, each):
    assert client_module.batch_of_a_site(together, n_sites) == each


def test_who_answers_first_changes_nothing(classifier, manager):
    averaged = []
    for turn in (1, -1):
        averaging = make(classifier)
        results = train(averaging, manager, averaging.initialize_parameters(manager))
        parameters, _ = averaging.aggregate_fit(1, results[::turn], [])
        averaged.append(parameters.tensors)
        for proxy in manager.all().values():
            proxy.client.decider = None
    assert averaged[0] == averaged[1]


def test_what_goes_over_the_wire_is_listed_and_holds_no_rows(averaging, manager):
    results = train(averaging, manager, averaging.initialize_parameters(manager))
    averaging.aggregate_fit(1, results, [])
    wire = averaging.wire.table()
    assert set(wire["what"]) == {
        "quantiles and categories of each column, classes",
        "model: scales, classes, architecture",
        "weights",
        "rows per head, training loss",
    }
    back = wire[(wire["way"] == "site to server") & (wire["what"] == "weights")]
    assert list(back["bytes"]) == [
        sum(map(len, result.parameters.tensors)) for _, result in results
    ]
    n_values = sum(int(np.prod(one.shape)) for one in averaging.expected)
    assert (back["bytes"] - 4 * n_values).between(0, 200 * len(averaging.expected)).all()
    for _, result in results:
        assert set(result.metrics) <= {"train_loss", "rows of head health", "rows of head cyber"}


def test_sites_are_not_asked_for_their_columns_where_a_model_is_given(classifier, manager, decider):
    averaging = make(classifier, start=lambda _: decider, asks_columns=False)
    averaging.initialize_parameters(manager)
    assert averaging.error is None
    sent = averaging.wire.table()
    assert set(sent["what"]) == {"name"}
    assert sent["bytes"].max() < 30


def test_weights_that_do_not_fit_end_the_run_in_order(averaging, manager):
    parameters = averaging.initialize_parameters(manager)
    results = train(averaging, manager, parameters)
    proxy, result = results[1]
    short = common.parameters_to_ndarrays(result.parameters)[:-1]
    wrong = (proxy, common.FitRes(OK, common.ndarrays_to_parameters(short), 1, result.metrics))
    assert averaging.aggregate_fit(1, [results[0], wrong, results[2]], []) == (None, {})
    with pytest.raises(FederationError, match=f"Site '{proxy.client.name}' sent 11 arrays"):
        raise averaging.error
    assert averaging.configure_fit(2, parameters, manager) == []


def test_bytes_that_are_no_arrays_end_the_run_in_order(averaging, manager):
    results = train(averaging, manager, averaging.initialize_parameters(manager))
    results[0][1].parameters.tensors[0] = b"import os"
    averaging.aggregate_fit(1, results, [])
    assert "cannot be read" in str(averaging.error)


def test_a_site_that_is_silent_is_named(averaging, manager):
    parameters = averaging.initialize_parameters(manager)
    results = train(averaging, manager, parameters)
    averaging.aggregate_fit(1, results[1:], [RuntimeError()])
    name = results[0][0].client.name
    assert f"In round 1 no weights came from {name}" in str(averaging.error)


def test_a_site_that_left_is_named(averaging, manager):
    parameters = averaging.initialize_parameters(manager)
    del manager.proxies["connection of east"]
    assert averaging.configure_fit(1, parameters, manager) == []
    assert "east left before the last round" in str(averaging.error)


def test_a_site_that_leaves_before_it_said_anything_ends_the_run_in_order(averaging, manager):
    def leave(ins, timeout, group_id):
        raise ConnectionError

    manager.proxies["connection of east"].get_properties = leave
    parameters = averaging.initialize_parameters(manager)
    assert "left before it had said its name" in str(averaging.error)
    assert "those that did: north." in str(averaging.error)
    assert averaging.configure_fit(1, parameters, manager) == []


def test_a_wrong_parameter_of_the_network_ends_the_run_in_order(manager):
    averaging = make(DualPathCNNClassifier(lr=-1.0))
    parameters = averaging.initialize_parameters(manager)
    with pytest.raises(ValueError, match="lr"):
        raise averaging.error
    assert averaging.configure_fit(1, parameters, manager) == []


def test_sites_that_stay_away_and_names_given_twice(classifier, manager):
    averaging = make(classifier, n_sites=4)
    averaging.initialize_parameters(manager)
    assert "3 of 4 sites came within 1 s" in str(averaging.error)
    averaging = make(classifier)
    for proxy in manager.all().values():
        proxy.client.name = "ward"
    averaging.initialize_parameters(manager)
    assert "expected a name of its own for each" in str(averaging.error)


def test_noise_and_clipping_are_flowers_and_every_site_counts_the_same(classifier, manager):
    averaging = make(classifier, equal_weights=True)
    private = strategies.PrivateAverage(averaging, 1e-9, 0.5, 3)
    parameters = private.initialize_parameters(manager)
    before = common.parameters_to_ndarrays(parameters)
    results = train(private, manager, parameters)
    after, _ = private.aggregate_fit(1, results, [])
    moved = [a - b for a, b in zip(common.parameters_to_ndarrays(after), before, strict=True)]
    assert 0 < np.sqrt(sum((one**2).sum() for one in moved)) <= 0.5 * 1.001
    assert len(averaging.history) == 1
    again = [
        common.parameters_to_ndarrays(result.parameters) for _, result in results
    ]  # Flower has put the clipped weights there
    expected = np.mean([arrays[0] for arrays in again], axis=0)
    np.testing.assert_allclose(moved[0] + before[0], expected, atol=1e-6)


def test_labels_that_the_model_does_not_know(decider, sites, ward):
    X, y = sites["north"]
    odd = y.rename(columns={"cyber": "fire"})
    client = client_module.SiteClient("north", X, odd, ward.modalities, unpack)
    config = {"model": pack(decider), "epochs": 1, "sites": 3}
    with pytest.raises(FederationError, match=r"has labels of \['fire'\], but the model has"):
        client.fit(read_arrays(network_of(decider)), config)
    unlabelled = y.mask(y.notna())
    client = client_module.SiteClient("north", X, unlabelled, ward.modalities, unpack)
    with pytest.raises(FederationError, match="has no label of the heads"):
        client.fit(read_arrays(network_of(decider)), config)
    assert client.error is not None


def test_what_a_site_cannot_train_on_is_its_error(decider, sites, ward):
    X, y = sites["north"]
    infinite = X.assign(spo2=np.inf)
    client = client_module.SiteClient("north", infinite, y, ward.modalities, unpack)
    config = {"model": pack(decider), "epochs": 1, "sites": 3}
    with pytest.raises(FederationError, match="Site 'north' cannot go on: Column 'spo2' is inf"):
        client.fit(read_arrays(network_of(decider)), config)
    assert isinstance(client.error, FederationError)


def test_a_summary_is_what_the_server_gets(sites, ward):
    X, y = sites["south"]
    client = client_module.SiteClient("south", X, y, ward.modalities, unpack)
    answer = client.get_properties({"wants_summary": True})
    assert json.loads(answer["summary"]) == summarise("south", X, y, ward.modalities)
    assert answer["site"] == "south"
