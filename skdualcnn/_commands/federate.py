"""skdualcnn federate: one model from the rows of several sites, which stay where they are."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from skdualcnn._commands._console import Console
from skdualcnn._commands._exit import DONE
from skdualcnn._commands._files import keep_apart, new_file
from skdualcnn._commands._model import note
from skdualcnn._commands._source import (
    above_zero,
    add_source_arguments,
    divide,
    positive,
    read_source,
    seed,
)
from skdualcnn.exceptions import UsageError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

SUMMARY = "train one model on the rows of several sites, which stay there"
DESCRIPTION = (
    "Federated learning by Flower: the server waits for its sites and averages their weights; each "
    "site trains on its own rows. docs/federated.md lists what goes over the wire. Start the "
    "server, then the sites, here or on other machines."
)
EXAMPLES = """\
skdualcnn federate server --sites 3 --out federated.skdualcnn
skdualcnn federate site --name north --share 1/3
skdualcnn federate site --name south --server HOST:PORT --ca ca.pem --csv beds.csv \\
    --groups bed --patient heart_rate spo2 --network packet_rate --health state"""

ADDRESS = "127.0.0.1:9092"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    roles = parser.add_subparsers(dest="role", required=True, metavar="ROLE")
    server = roles.add_parser("server", help="wait for the sites and average their weights")
    _add_server_arguments(server)
    site = roles.add_parser("site", help="train on the rows of this site")
    _add_site_arguments(site)


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    return _run_server(options) if options.role == "server" else _run_site(options)


def _add_server_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--address", default=ADDRESS, metavar="HOST:PORT", help=f"listen here (default: {ADDRESS})"
    )
    parser.add_argument("--sites", type=positive, required=True, help="how many sites take part")
    parser.add_argument("--rounds", type=positive, default=20, help="rounds (default: 20)")
    parser.add_argument(
        "--epochs", type=positive, default=1, help="passes of a site in each round (default: 1)"
    )
    parser.add_argument(
        "--out", type=new_file, default=Path("federated.skdualcnn"), help="file to write"
    )
    parser.add_argument(
        "--start",
        type=Path,
        metavar="MODEL",
        help="go on from a saved decider, with its scales; the sites are not asked for theirs",
    )
    parser.add_argument(
        "--architecture", choices=("paper", "compact"), default="compact", help="of the network"
    )
    parser.add_argument(
        "--lr", type=above_zero, default=3e-3, help="learning rate (default: 0.003)"
    )
    parser.add_argument(
        "--batch-size",
        type=_several,
        default=64,
        help="rows a step, of all sites together (default: 64)",
    )
    parser.add_argument("--seed", type=seed, default=0, help="of the first weights (default: 0)")
    parser.add_argument(
        "--noise",
        type=above_zero,
        metavar="MULTIPLIER",
        help="differential privacy of each site: noise on the average, in units of --clip",
    )
    parser.add_argument(
        "--clip",
        type=above_zero,
        default=1.0,
        help="longest change of a site in a round (default: 1)",
    )
    parser.add_argument("--cert", type=Path, help="certificate of this server, PEM")
    parser.add_argument("--key", type=Path, help="its key, PEM")
    _add_connection_arguments(parser, patience=600)


def _add_site_arguments(parser: argparse.ArgumentParser) -> None:
    add_source_arguments(parser)
    parser.add_argument("--name", required=True, help="name of the site, another for each")
    parser.add_argument(
        "--server", default=ADDRESS, metavar="HOST:PORT", help=f"(default: {ADDRESS})"
    )
    parser.add_argument(
        "--share",
        type=_share,
        default=(1, 1),
        metavar="K/N",
        help="take part with the K-th of N shares of the training groups (default: all)",
    )
    parser.add_argument("--out", type=new_file, help="write the model of the federation here, too")
    parser.add_argument(
        "--seed", type=seed, default=0, help="seed of the split, as for train (default: 0)"
    )
    _add_connection_arguments(parser, patience=60)


def _add_connection_arguments(parser: argparse.ArgumentParser, patience: int) -> None:
    parser.add_argument("--ca", type=Path, help="certificate that the server's is signed by, PEM")
    parser.add_argument(
        "--insecure", action="store_true", help="without TLS beyond this machine: in a tunnel only"
    )
    parser.add_argument(
        "--patience",
        type=above_zero,
        default=patience,
        metavar="SECONDS",
        help=f"how long to wait for the other side (default: {patience})",
    )


def _run_server(options: argparse.Namespace) -> int:
    keep_apart(options, ["out"], ["ca", "cert", "key"])
    certificates = None
    given = [options.ca, options.cert, options.key]
    if any(given):
        if not all(given):
            raise UsageError("--ca, --cert and --key go together, expected all three or none")
        certificates = tuple(path.read_bytes() for path in given)
    from skdualcnn import DualPathCNNClassifier, load, save  # noqa: PLC0415  (imports torch)
    from skdualcnn.federated import Privacy, serve_federation  # noqa: PLC0415

    console = Console()
    privacy = None if options.noise is None else Privacy(options.noise, options.clip)
    console.print(f"waiting for {options.sites} site(s) at {options.address}")
    federation = serve_federation(
        options.address,
        n_sites=options.sites,
        rounds=options.rounds,
        epochs=options.epochs,
        classifier=DualPathCNNClassifier(
            architecture=options.architecture,
            lr=options.lr,
            batch_size=options.batch_size,
            random_state=options.seed,
        ),
        start=None if options.start is None else load(options.start),
        privacy=privacy,
        certificates=certificates,
        insecure=options.insecure,
        patience=options.patience,
        on_round=lambda number, loss: console.print(f"round {number}: training loss {loss:.3f}"),
    )
    path = save(federation.decider, options.out)
    wire = federation.wire.groupby(["way", "what"], sort=False, as_index=False)
    sent = wire.agg(count=("bytes", "size"), total=("bytes", "sum"))
    table = Table("way", "what", "messages", "bytes")
    for way, what, count, size in sent.itertuples(index=False):
        table.add_row(way, what, f"{count:,}", f"{size:,}")
    console.print(table)
    if privacy is not None:
        console.print(
            f"epsilon {federation.epsilon:.2f} at delta {privacy.delta:g}, for each site's weights"
        )
    console.print(f"written: {path} ({path.stat().st_size:,} bytes)")
    return DONE


def _run_site(options: argparse.Namespace) -> int:
    keep_apart(options, ["out"], ["csv", "ca"])
    root = None if options.ca is None else options.ca.read_bytes()
    from skdualcnn._persistence import save_trained  # noqa: PLC0415  (imports torch)
    from skdualcnn._studies import labels_of  # noqa: PLC0415
    from skdualcnn.federated import join_federation  # noqa: PLC0415

    console = Console()
    study, dataset = read_source(options)
    train, _ = divide(dataset, options.seed)
    rows = _take_share(dataset.groups, train, *options.share)
    console.print(f"{options.name}: {study.title}, {len(rows):,} rows, which stay here")
    decider = join_federation(
        options.server,
        dataset.data.iloc[rows],
        labels_of(dataset, rows),
        name=options.name,
        modalities=dataset.modalities,
        root_certificates=root,
        insecure=options.insecure,
        patience=options.patience,
    )
    if options.out is not None:
        console.print(f"written: {save_trained(decider, options.out, note(options))}")
    return DONE


def _take_share(
    groups: "pd.Series[Any]", rows: "NDArray[np.intp]", number: int, of: int
) -> "NDArray[np.intp]":
    """Return the rows of every N-th group, from the K-th."""
    found = groups.iloc[rows]
    chosen = found.drop_duplicates().iloc[number - 1 :: of]
    mine = rows[found.isin(chosen).to_numpy()]
    if len(mine) == 0:
        raise UsageError(f"--share {number}/{of} has no rows, expected at most one share a group")
    return mine


def _several(text: str) -> int:
    number = positive(text)
    if number == 1:
        raise argparse.ArgumentTypeError("1 row is no batch, expected 2 or more")
    return number


def _share(text: str) -> tuple[int, int]:
    number, _, of = text.partition("/")
    if not (number.isdigit() and of.isdigit() and 1 <= int(number) <= int(of)):
        raise argparse.ArgumentTypeError(f"{text} is no share, expected one such as 1/3")
    return int(number), int(of)
