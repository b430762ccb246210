"""
From scikit-learn to an ESP32
=============================

A fitted pipeline becomes a folder of integer C: no floating-point arithmetic, no malloc, no
global state. The C is compiled on this machine and compared, row by row, with its twin in
Python. The folder is a component of ESP-IDF and a library of Arduino and PlatformIO at once.
"""

# %%
# A network that fits
# -------------------
# ``architecture="compact"`` has less than 30,000 parameters: an ESP32 waits for its flash more
# than for its arithmetic.

from pathlib import Path
from tempfile import mkdtemp

import pandas as pd
from sklearn.pipeline import make_pipeline

from firmware_export import check_firmware, export_firmware
from skdualcnn import DualPathCNNClassifier, FusionDecider, make_fusion_preprocessor
from skdualcnn.datasets import make_ward
from skdualcnn.exceptions import ToolchainError
from skdualcnn.model_selection import honest_split

ward = make_ward(n_patients=8, hours=6, random_state=0)
train, test = honest_split(ward, random_state=0)
X, y = ward.data.iloc[train], ward.target.iloc[train]
X_test, y_test = ward.data.iloc[test], ward.target.iloc[test]
pipeline = make_pipeline(
    make_fusion_preprocessor(**ward.modalities),
    DualPathCNNClassifier(
        architecture="compact", lr=3e-3, batch_size=64, max_epochs=15, random_state=0
    ),
)
decider = FusionDecider(pipeline).fit(X, y)

# %%
# Export
# ------
# The calibration data set the ranges of the integers; the evaluation data are rows that neither
# training nor calibration saw, and say what the integers cost.

folder = Path(mkdtemp()) / "ward_monitor"
report = export_firmware(
    decider,
    folder,
    calibration_data=X,
    evaluation_data=(X_test, y_test),
    prefix="ward_monitor",
)
print(f"{report.parameters:,} parameters, {report.multiply_adds:,} multiply-adds a row")
print(f"flash {report.flash_bytes}, RAM {report.ram_bytes} bytes")
print(report.fidelity)

# %%
# Proof
# -----
# The C is compiled here and fed every test row; each logit, probability and decision must be
# equal to the twin's on every bit.

try:
    print(check_firmware(report, X_test))
except ToolchainError as error:
    print(f"not checked: {error}")

# %%
# What is in the folder

for path in sorted(folder.rglob("*")):
    if path.is_file():
        print(f"{path.stat().st_size:>9,}  {path.relative_to(folder)}")

# %%
# How a program calls it

print("\n".join((folder / "README.md").read_text(encoding="utf-8").splitlines()[:48]))

# %%
# Sizes on chips
# --------------
# Counted with the compilers that are installed on the machine that built this page; the tables
# of the model are the same for every chip.

sizes = pd.DataFrame(
    {
        name: {"code": levels["O2"].code_bytes, "tables": levels["O2"].constant_bytes}
        for name, levels in report.targets.items()
    }
).T
sizes

# %%

import matplotlib.pyplot as plt

if not sizes.empty:
    figure, ax = plt.subplots(figsize=(7, 1 + 0.5 * len(sizes)), layout="constrained")
    left = 0
    for part, colour, hatch in (("tables", "#0072B2", ""), ("code", "#E69F00", "//")):
        ax.barh(
            sizes.index, sizes[part], left=left, color=colour, hatch=hatch, ec="white", label=part
        )
        left = sizes[part]
    ax.set_xlabel("bytes of flash")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
