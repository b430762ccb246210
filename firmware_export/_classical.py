"""Classical models as C++ by micromlgen, measured on the same targets as ours."""

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from firmware_export._counting import can_count, count_stretches
from firmware_export._objects import (
    CODE_SECTIONS,
    CONSTANT_SECTIONS,
    deepest_stack,
    section_bytes,
)
from firmware_export._targets import HOST, RUNTIME, TARGETS, Target, can_compile, compiler_command
from firmware_export._toolchain import compile_c, run_command, run_rows
from skdualcnn.exceptions import ExportError, ToolchainError

TIMEOUT_S = 1800.0
"""A forest of a hundred deep trees takes a compiler minutes."""
CXX_FLAGS = ("-w", "-fno-exceptions", "-fno-rtti", "-fcallgraph-info=su")
WRAPPER = """#include <stdint.h>
#include <math.h>
#include "generated.h"

static Eloquent::ML::Port::{name} model;

extern "C" int classical_predict(float *features);

int classical_predict(float *features)
{{
    return model.predict(features);
}}
"""
PROGRAM = """#include "runtime.h"

int classical_predict(float *features);

int main(void)
{{
    static float features[{features}];

    if (runtime_open()) {{
        return 2;
    }}
    while (runtime_read(features, sizeof features) == 0) {{
        const uint32_t start = runtime_ticks();
        const int32_t answer = classical_predict(features);
        const uint32_t ticks = runtime_ticks() - start;
        const int32_t result = COUNT ? (int32_t)ticks : answer;

        if (runtime_write(&result, sizeof result)) {{
            return 3;
        }}
    }}
    return 0;
}}
"""


@dataclass(frozen=True)
class ClassicalCost:
    """What a classical model costs on one target at one level of optimisation.

    Attributes
    ----------
    code_bytes, constant_bytes : int
        Of the model; not of the floating-point routines that it makes the linker add.
    stack_bytes : int or None
        Frames on the deepest way down, without the libraries'.
    instructions : int or None
        Of one prediction, the mean over rows. None if the emulator is missing, or if the
        model does not link: Debian's library for the LX106 lacks most floating-point
        arithmetic.
    answers : ndarray of shape (n,) or None
        Position of the class of each row; None where instructions are.
    """

    code_bytes: int
    constant_bytes: int
    stack_bytes: int | None
    instructions: int | None
    answers: NDArray[np.int32] | None

    def to_dict(self) -> dict[str, int | None]:
        """Return the sizes and the instructions.

        Returns
        -------
        dict
            Without the answers.
        """
        return {
            "code_bytes": self.code_bytes,
            "constant_bytes": self.constant_bytes,
            "stack_bytes": self.stack_bytes,
            "instructions": self.instructions,
        }


def generate_classical(model: Any) -> str:
    """Return a fitted classifier of scikit-learn as C++.

    Parameters
    ----------
    model : LogisticRegression, DecisionTreeClassifier, RandomForestClassifier or SVC
        Fitted on one head; what micromlgen knows.

    Raises
    ------
    ImportError
        If micromlgen is not installed.
    """
    try:
        from micromlgen import port  # noqa: PLC0415
    except ImportError as error:
        raise ImportError("micromlgen is not installed: pip install micromlgen") from error
    return str(port(model))


def measure_baselines(baselines: Mapping[str, Any], X: Any) -> dict[str, dict[str, ClassicalCost]]:
    """Measure fitted classical pipelines on every chip whose C++ compiler is installed.

    Parameters
    ----------
    baselines : mapping of str to Pipeline
        Fitted; the last step is a model that micromlgen knows. The steps before are run
        here and not measured.
    X : DataFrame or array-like
        A few rows, as the pipelines take them.

    Returns
    -------
    dict of str to dict of str to ClassicalCost
        By name, then by target.

    Raises
    ------
    ExportError
        If one is no fitted Pipeline.
    """
    costs: dict[str, dict[str, ClassicalCost]] = {}
    for name, pipeline in baselines.items():
        if not isinstance(pipeline, Pipeline):
            raise ExportError(
                f"The baseline {name!r} is a {type(pipeline).__name__}, expected a fitted "
                "Pipeline that ends in a classical model."
            )
        source = generate_classical(pipeline[-1])
        features = np.asarray(pipeline[:-1].transform(X), dtype=np.float32)
        costs[name] = {
            target.name: measure_classical(source, features, target)
            for target in TARGETS.values()
            if target != HOST and can_compile(target)
        }
    return costs


def measure_classical(
    source: str, features: NDArray[np.float32], target: Target, level: str = "O2"
) -> ClassicalCost:
    """Compile generated C++ for a target, and run it there if that is possible.

    Parameters
    ----------
    source : str
        From :func:`generate_classical`.
    features : ndarray of shape (n, n_features) and dtype float32
        Rows as the classifier takes them, after the preprocessing, which is not measured.
    target : Target
    level : str, default="O2"

    Raises
    ------
    ToolchainError
        If the C++ compiler is missing or fails.
    """
    with tempfile.TemporaryDirectory(prefix="skdualcnn_classical_") as name:
        folder = Path(name)
        model = _compile_model(source, folder, target, level)
        counts = answers = None
        if can_count(target):
            plain = _link(model, features.shape[1], folder, target, "answers")
            counting = _link(model, features.shape[1], folder, target, "counts")
            if plain and counting:
                answers = run_rows(plain, features, folder, target)[:, 0]
                counts = round(count_stretches(counting, features, folder, target)[0])
        return ClassicalCost(
            section_bytes([model], CODE_SECTIONS, target),
            section_bytes([model], CONSTANT_SECTIONS, target),
            deepest_stack([model.with_suffix(".ci")], "classical_predict"),
            counts,
            answers,
        )


def _compile_model(source: str, folder: Path, target: Target, level: str) -> Path:
    [name] = re.findall(r"^\s*class (\w+) \{", source, re.MULTILINE)
    (folder / "generated.h").write_text(source, encoding="utf-8")
    (folder / "model.cpp").write_text(WRAPPER.format(name=name), encoding="utf-8")
    compiler, *machine = compiler_command(target)
    if target == HOST:
        compiler = "c++"
    else:
        compiler = compiler.removesuffix("gcc") + "g++"
        machine.append(f"-I{RUNTIME / 'cxx'}")
    if target.name == "lx106":
        machine.append("-mauto-litpools")
    command = [compiler, *machine, *CXX_FLAGS, f"-{level}", "-c", "model.cpp", "-o", "model.o"]
    run_command(
        command, f"compile the classical model for {target.name}", folder=folder, timeout=TIMEOUT_S
    )
    return folder / "model.o"


def _link(model: Path, n_features: int, folder: Path, target: Target, kind: str) -> Path | None:
    """Return the program, None if the target's libraries lack what the model calls."""
    main = folder / "main.c"
    main.write_text(PROGRAM.format(features=n_features), encoding="utf-8")
    try:
        return compile_c(
            [main, RUNTIME / f"{target.name}.c", model],
            folder / kind,
            include=RUNTIME,
            flags=(f"-DCOUNT={int(kind == 'counts')}", "-lm"),
            target=target,
        )
    except ToolchainError:
        return None
