"""The named architectures beside each other and beside the classical models.

Every model is fitted on the training rows of a data set's honest split and scored on its
test rows, with several seeds. Of our networks the table also has what they cost on a
chip: parameters, multiply-adds, and flash, which is the tables of the whole pipeline and
the code. The code is that of this machine's compiler at -O2, so it is an estimate.
The differences to the architecture "paper" are those of fits with the same seed. The
classical models are fitted with the last seed only; `python -m benchmarks baselines`
looks at them more closely.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
from rich.progress import Progress

from benchmarks._output import publish
from benchmarks._runs import fit_and_score
from firmware_export import export_firmware
from skdualcnn._decider import FusionDecider
from skdualcnn._studies import OURS, STUDIES, thin, with_architecture
from skdualcnn.model_selection import honest_split
from skdualcnn.network import ARCHITECTURES

REFERENCE = "paper"
METRICS = {"roc_auc": "ROC-AUC", "average_precision": "AP", "f1": "F1"}
COSTS = {
    "parameters": "parameters",
    "multiply_adds": "multiply-adds",
    "constants": "constants, bytes",
    "flash": "flash, bytes",
}
CALIBRATION_ROWS = 2000  # training rows that set the ranges of the integers

# A network that an ESP32 does not wait for: its ROC-AUC at most so far below the
# reference's, its parameters and bytes of flash at most so many.
MOST_LOST = 0.005
MOST_PARAMETERS = 30_000
MOST_FLASH = 40_000


def run(
    names: Sequence[str], data_dir: Path, out: Path, seeds: Iterable[int], *, quick: bool
) -> pd.DataFrame:
    """Fit the networks with every seed, the others with the last; print and write the tables."""
    rows: list[dict[str, Any]] = []
    seeds = list(seeds)
    n_fits = len(names) * (len(seeds) * len(ARCHITECTURES) + 6)
    with Progress() as progress:
        task = progress.add_task("architectures", total=n_fits)
        for name in names:
            for seed in seeds:
                study = STUDIES[name]
                dataset = study.load(data_dir, seed)
                train, test = honest_split(dataset, random_state=seed)
                if quick:
                    train = thin(train, study.window)
                models = study.models(dataset, quick=quick, verbose=0, random_state=seed)
                ours = models.pop(OURS)
                networks = {shape: with_architecture(ours, shape) for shape in ARCHITECTURES}
                calibration = thin(train, study.window, at_most=CALIBRATION_ROWS)
                others = models if seed == seeds[-1] else {}
                for model, decider in {**networks, **others}.items():
                    scores = fit_and_score(decider, dataset, train, test)
                    costs = {}
                    if model in networks:
                        costs = measure_costs(decider, dataset.data.iloc[calibration])
                    rows += [
                        {"data": name, "model": model, "seed": seed, **costs, **one}
                        for one in scores
                    ]
                    areas = {one["head"]: round(one["roc_auc"], 4) for one in scores}
                    progress.console.print(
                        f"{name}, seed {seed}, {model}: ROC-AUC {areas} {costs}", soft_wrap=True
                    )
                    progress.advance(task)
    results = add_differences(pd.DataFrame(rows))
    table = summarise(results)
    publish(out, "architectures", results, table)
    print("\n".join(judge(results, "compact")))
    return results


def measure_costs(decider: FusionDecider, calibration: pd.DataFrame) -> dict[str, int]:
    """Return what a fitted decider costs on a chip."""
    with TemporaryDirectory() as folder:
        report = export_firmware(decider, folder, calibration_data=calibration)
    network = decider.estimator_[-1]
    return {
        "parameters": sum(one.numel() for net in network.nets_ for one in net.module_.parameters()),
        "multiply_adds": report.multiply_adds,
        "constants": report.flash_bytes["constants"],
        "flash": sum(report.flash_bytes.values()),
    }


def add_differences(results: pd.DataFrame) -> pd.DataFrame:
    """Return the results with each ROC-AUC's difference to the reference of the same seed."""
    keys = ["data", "head", "seed"]
    reference = results[results["model"] == REFERENCE].set_index(keys)["roc_auc"]
    expected = results.set_index(keys).index.map(reference)
    return results.assign(difference=results["roc_auc"] - expected)


def summarise(results: pd.DataFrame) -> pd.DataFrame:
    """Return mean and standard deviation over the seeds, as text, a row per model."""
    groups = results.groupby(["data", "head", "model"], sort=False)
    table = pd.DataFrame(index=groups.size().index)
    for column, title in COSTS.items():
        largest = groups[column].max()
        table[title] = [f"{cost:,.0f}" if pd.notna(cost) else "" for cost in largest]
    for column, title in {**METRICS, "difference": "ROC-AUC - paper"}.items():
        sign = "+" if column == "difference" else ""
        spread = zip(groups[column].mean(), groups[column].std(), strict=True)
        table[title] = [
            f"{mean:{sign}.4f}" + (f" ± {deviation:.4f}" if pd.notna(deviation) else "")
            for mean, deviation in spread
        ]
    return table


def judge(results: pd.DataFrame, model: str) -> list[str]:
    """Return a line per head that says whether a model keeps to the limits, or by how much not."""
    lines = []
    of_model = results[results["model"] == model]
    for (data, head), part in of_model.groupby(["data", "head"], sort=False):
        beyond = {
            "ROC-AUC": -part["difference"].mean() - MOST_LOST,
            "parameters": part["parameters"].max() - MOST_PARAMETERS,
            "bytes of flash": part["flash"].max() - MOST_FLASH,
        }
        missed = [f"{much:,.4g} {name}" for name, much in beyond.items() if much > 0]
        verdict = f"misses by {', '.join(missed)}" if missed else "within all limits"
        lines.append(f"{model} on {data}, {head}: {verdict}")
    return lines
