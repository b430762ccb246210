"""What the paper prints, to stand beside our figures, and what its figures say themselves.

Sharma et al., "Deep learning model optimization for anomaly detection in IoT healthcare
systems". Shares are in [0, 1].
"""

from dataclasses import dataclass

import numpy as np

from benchmarks.paper.section import Section, Table, Value
from skdualcnn._studies import OURS

NOTE = {
    "paper": (
        "The paper's figures stand beside ours for orientation. It splits single rows at random, "
        "as this page does, but on another data set, the ICU traffic of Hussain et al.; no figure "
        "can be compared across data sets."
    ),
    "honest": (
        "The paper's figures stand beside ours for orientation. They are of another data set, the "
        "ICU traffic of Hussain et al., and of single rows split at random, which this page does "
        "not do."
    ),
}
SAME_DATA = (
    "The paper's figures are of the same files, but not of the same columns or rows: here columns "
    "that tell a machine or a moment (addresses, ports, clocks) are left out"
)
NOTE_SAME_DATA = {
    "paper": f"{SAME_DATA}; single rows are split at random in both.",
    "honest": f"{SAME_DATA}, and single rows are not split at random, as the paper does.",
}
QUICK = " A quick run trains and tests on fewer rows than the paper."


@dataclass(frozen=True)
class Printed:
    """A model's figures in tables 4 and 6 of the paper."""

    accuracy: str
    f1: str
    precision: str = "–"
    recall: str = "–"
    roc_auc: str = "–"


MODELS = {
    "logistic regression": Printed("0.884", "0.89"),
    "decision tree": Printed("0.901", "0.91"),
    "SVM (RBF)": Printed("0.927; 0.923", "0.93; 0.919", "0.918", "0.920", "0.94"),
    "random forest": Printed("0.948; 0.955", "0.95; 0.952", "0.953", "0.951", "0.96"),
    OURS: Printed("0.987; 0.988", "0.99; 0.986", "0.984", "0.988", "0.99-1.00"),
}
HYPERPARAMETERS = {
    "optimizer": "Adam",
    "lr": "1e-4",
    "batch_size": "32",
    "max_epochs": "20",
    "dropout": "0.3, 0.5",
    "activation": "LeakyReLU, sigmoid",
    "loss": "binary cross-entropy",
    "weights and biases": "about 280,000",
}
CLASSES = {
    "normal": ("0.990", "0.988", "0.989", "21,714"),
    "not normal": ("0.984", "0.988", "0.986", "16,025"),
    "macro average": ("0.987", "0.988", "0.988", "37,739"),
    "weighted average": ("0.988", "0.988", "0.988", "37,739"),
}
FOLDS = (0.9872, 0.9868, 0.9875, 0.9880, 0.9855)
ABLATION = {
    ("patient",): "0.964",
    ("network",): "0.947",
    ("environment",): "0.910",
    (): "1.000",
}
CALIBRATION = {"brier": "0.012", "ece": "0.015", "mce": "0.032"}
MCNEMAR = "p < 0.001 against its baselines, without counts"
ROBUSTNESS = "“high performance even with up to 30 % perturbation”, without figures"

# The rows of the data set's files, by the loader's documentation.
_ATTACK, _OTHER = 80_126, 31_758 + 76_810


def note(data: str, protocol: str, *, quick: bool) -> str:
    """Return how the paper's figures compare with those of a page."""
    if data != "icu_security":
        return NOTE[protocol]
    return NOTE_SAME_DATA[protocol] + (QUICK if quick else "")


def check_itself() -> Section:
    """Return what follows from the paper's own figures by arithmetic."""
    folds = np.array(FOLDS)
    # Of the classes' counts and recalls in its table of classes.
    normal, anomaly = 21_714, 16_025
    wrong = round(normal * (1 - 0.988)) + round(anomaly * (1 - 0.988))
    rows: list[list[Value]] = [
        [
            "support of the test set",
            f"{normal:,} normal, {anomaly:,} anomaly",
            f"a fifth of the ICU files: {_OTHER / 5:,.1f} packets of patient and environment "
            f"files, {_ATTACK / 5:,.1f} of the attack file. Its “anomaly” is the attack "
            "file; nothing in it is a medical emergency",
        ],
        [
            "confusion matrix (fig. 2), ROC-AUC (fig. 3), table 3",
            "no error at all, AUC 1.0, accuracy 100 %",
            f"its table of classes, recall 0.988 of both, means about {wrong:,} errors on the "
            "same rows; the abstract, tables 4 and 6 say 98.7 and 98.8 %",
        ],
        [
            "standard deviation of five folds",
            "0.25 in the text, 0.30 below fig. 4",
            f"{100 * folds.std(ddof=1):.2f} percentage points from the five accuracies of table 2",
        ],
        [
            "its baselines",
            "random forest 94.8 and 95.5 %, logistic regression 88.4 %",
            "the authors of the data set report 99.71 % and 95.29 % (random 70/30, ten features)",
        ],
        [
            "modalities",
            "patient 96.4, cyber 94.7, environment 91.0, all 100.0 %",
            "the three files have the same columns, all of them network traffic; the file a row "
            "comes from tells its label",
        ],
    ]
    table = Table("The paper's figures against each other", ("what", "it says", "but"), rows)
    return Section(
        "What the paper's own figures say",
        ["By arithmetic on what it prints and on the sizes of the files it names."],
        [table],
    )
