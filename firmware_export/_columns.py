"""Preprocessing steps of scikit-learn -> typed columns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder

from firmware_export._curve import IDENTITY, Curve
from firmware_export._encoding import is_nan
from firmware_export._graph import (
    CategoricalColumn,
    Column,
    FrontEnd,
    NumericColumn,
    SeriesFrontEnd,
)
from skdualcnn.exceptions import ExportError
from skdualcnn.preprocessing import OutlierClipper, QuantileScaler, SeriesScaler, SlidingWindow
from skdualcnn.preprocessing._series import share_of_age

SUPPORTED = (
    "Supported in front of the classifier: the ColumnTransformer of make_fusion_preprocessor, "
    "or for numeric columns SimpleImputer, OutlierClipper, QuantileScaler and then MinMaxScaler, "
    "each at most once; for categorical columns SimpleImputer and OneHotEncoder; after either, "
    "SlidingWindow; or for series SeriesScaler alone."
)

Step = tuple[str, Any]


@dataclass(frozen=True)
class _Slot:
    """One column on its way through the numeric steps: a value or a missing indicator.

    `fill`, what stands for a missing reading, and `shown`, what an indicator shows for a
    present and a missing one, are carried through every step as values.
    """

    column: int
    is_indicator: bool = False
    fill: float | None = None
    shown: tuple[float, float] = (0.0, 1.0)
    curve: Curve = IDENTITY

    def then(self, curve: Curve) -> "_Slot":
        fill = None if self.fill is None else float(curve(self.fill))
        present, absent = curve(self.shown)
        return replace(
            self,
            fill=fill,
            shown=(float(present), float(absent)),
            curve=self.curve.then(curve),
        )


def plain_front_end(steps: int, channels: int, names: Sequence[str] | None) -> FrontEnd:
    """Return the front end of a classifier that is given its signal as it is."""
    if names is None:
        names = _signal_names(steps, channels)
    columns = tuple(NumericColumn(name, i, i) for i, name in enumerate(names))
    return FrontEnd(tuple(names), tuple(range(len(names))), columns, steps, channels)


def _signal_names(steps: int, channels: int) -> list[str]:
    single = channels == 1
    return [f"x{t}" if single else f"x{t}_{c}" for t in range(steps) for c in range(channels)]


def read_front_end(steps: Sequence[Step]) -> FrontEnd:
    """Read the fitted steps in front of a classifier.

    Raises
    ------
    ExportError
        If a step does something that the firmware cannot repeat.
    """
    *before, (name, last) = steps
    first = steps[0][1]
    if isinstance(first, SeriesScaler):
        if before:
            raise _unsupported(*steps[1], reason="comes after a SeriesScaler")
        return _read_series(first)
    if not isinstance(last, SlidingWindow):
        return _read_row(first, steps)
    row = _read_row(first, before)
    by = last.by_position_
    if by is not None:
        row = _without_device(name, last, row, by)
    if last.add_indicator:
        row = _with_marks(row)
    return replace(
        row,
        steps=last.length,
        channels=row.row_inputs,
        window=last.length,
        stride=last.stride if last.length > 1 else 1,
        changes=last.changed_channels_,
    )


def _read_series(scaler: SeriesScaler) -> SeriesFrontEnd:
    steps, channels = scaler.n_features_in_, scaler.n_channels_
    imputer, clipper, standardiser = (step for _, step in scaler.scaling_.steps)
    medians = np.nan_to_num(imputer.statistics_)  # 0 for a channel that was never read
    lines = zip(standardiser.mean_, standardiser.scale_, strict=True)
    curves = [
        clip.then(Curve(np.array([mean, mean + scale]), np.array([0.0, 1.0]), unlimited=True))
        for clip, (mean, scale) in zip(_read_clipper(clipper), lines, strict=True)
    ]
    columns = tuple(
        NumericColumn(
            f"channel {i}", i, i, curve, missing=float(curve(median)), indicator=channels + i
        )
        for i, (curve, median) in enumerate(zip(curves, medians, strict=True))
    )
    names = getattr(scaler, "feature_names_in_", _signal_names(steps, channels))
    ages = share_of_age(np.append(np.arange(steps), np.inf).astype(np.float32))
    return SeriesFrontEnd(
        tuple(str(name) for name in names),
        tuple(range(steps * channels)),
        columns,
        steps,
        3 * channels,
        ages=tuple(ages.tolist()),
    )


def _without_device(name: str, window: SlidingWindow, row: FrontEnd, position: int) -> FrontEnd:
    """Take the column that says which device a row belongs to out of the readings.

    The chip's caller knows it: each device has a state of its own.
    """
    numeric = (one for one in row.columns if isinstance(one, NumericColumn))
    device = next((one for one in numeric if one.output == position), None)
    if (
        device is None
        or device.curve is not IDENTITY
        or device.missing is not None
        or sum(one.reading == device.reading for one in row.columns) > 1
    ):
        raise _unsupported(
            name,
            window,
            reason=f"has by={window.by!r}, which is more than a raw column that tells devices "
            "apart. Let it through as it is, and use it for nothing else: "
            "make_fusion_preprocessor(group=)",
        )
    return replace(
        row,
        readings=_without(row.readings, device.reading),
        positions=_without(row.positions, device.reading),
        columns=tuple(
            _close_gap(one, device.reading, position) for one in row.columns if one is not device
        ),
        steps=row.steps - 1,
        device=(device.name, row.positions[device.reading]),
    )


def _without(values: tuple[Any, ...], position: int) -> tuple[Any, ...]:
    return values[:position] + values[position + 1 :]


def _close_gap(column: Column, reading: int, output: int) -> Column:
    """Move a column up where a reading and an input have been taken out."""
    column = replace(column, reading=column.reading - (column.reading > reading))
    if column.output is not None:
        column = replace(column, output=column.output - (column.output > output))
    if isinstance(column, NumericColumn) and column.indicator is not None:
        column = replace(column, indicator=column.indicator - (column.indicator > output))
    return column


def _with_marks(row: FrontEnd) -> FrontEnd:
    """Double the channels: the second half says what is missing.

    Of a row that is there, that is a reading that nothing has filled in before.
    """
    columns = tuple(
        replace(one, missing=0.0, indicator=row.row_inputs + one.output)
        if isinstance(one, NumericColumn) and one.output is not None and one.missing is None
        else one
        for one in row.columns
    )
    return replace(row, columns=columns, steps=2 * row.steps, has_blank_steps=True)


def _read_row(first: Any, steps: Sequence[Step]) -> FrontEnd:
    """Read the steps that look at single rows; `first` knows the columns' names."""
    if steps and isinstance(first, ColumnTransformer):
        if len(steps) > 1:
            raise _unsupported(*steps[1], reason="comes after a ColumnTransformer")
        return _read_column_transformer(steps[0][0], first)
    names = _names_of(first)
    return _assemble(names, _read_numeric(steps, names))


def _names_of(step: Any) -> list[str]:
    """Return the names of the columns that a fitted step reads, as scikit-learn calls them."""
    names = getattr(step, "feature_names_in_", None)
    return [f"x{i}" for i in range(step.n_features_in_)] if names is None else list(map(str, names))


def _read_column_transformer(step: str, transformer: ColumnTransformer) -> FrontEnd:
    every = _names_of(transformer)
    columns: list[Column] = []
    for name, fitted, selected in transformer.transformers_:
        where = transformer.output_indices_[name]
        if where.stop == where.start:
            continue
        place = f"{step}.{name}"
        steps = _steps_of(place, fitted)
        positions = positions_of(every, selected)
        block = [every[position] for position in positions]
        categorical = isinstance(steps[-1][1], OneHotEncoder)
        read = _read_categorical(steps, block) if categorical else _read_numeric(steps, block)
        columns.extend(_move(one, where.start, positions) for one in read)
    kinds = {(one.reading, isinstance(one, NumericColumn)) for one in columns}
    both = [every[reading] for reading, numeric in kinds if numeric and (reading, False) in kinds]
    if both:
        raise ExportError(
            f"Column(s) {both} are used as a number and as a category, expected one of the two. "
            "Copy the column under another name before the pipeline."
        )
    return _assemble(every, columns)


def _steps_of(place: str, fitted: Any) -> list[Step]:
    if isinstance(fitted, Pipeline):
        steps = [(f"{place}.{name}", step) for name, step in fitted.steps]
    else:
        steps = [(place, fitted)]
    steps = [(name, step) for name, step in steps if step is not None]
    return [(name, step) for name, step in steps if not _is_passthrough(step)] or steps


def _is_passthrough(step: Any) -> bool:
    if isinstance(step, str):
        return step == "passthrough"
    # ColumnTransformer fits a FunctionTransformer without a function for "passthrough".
    return type(step).__name__ == "FunctionTransformer" and step.func is None


def positions_of(names: list[str], selected: Any) -> list[int]:
    """Return column positions for names, positions, a slice or a mask."""
    if isinstance(selected, str | int | np.integer):
        selected = [selected]
    if isinstance(selected, slice):
        if isinstance(selected.start, str) or isinstance(selected.stop, str):
            first = 0 if selected.start is None else names.index(selected.start)
            last = len(names) - 1 if selected.stop is None else names.index(selected.stop)
            return list(range(first, last + 1))
        return list(range(len(names)))[selected]
    chosen = np.asarray(selected)
    if chosen.dtype == bool:
        return [int(i) for i in np.flatnonzero(chosen)]
    return [names.index(one) if isinstance(one, str) else int(one) for one in selected]


def _move(column: Column, start: int, positions: list[int]) -> Column:
    """Shift a column read from a block to its place in the whole."""
    reading = positions[column.reading]
    if isinstance(column, CategoricalColumn):
        return replace(column, reading=reading, output=column.output + start)
    return replace(
        column,
        reading=reading,
        output=None if column.output is None else column.output + start,
        indicator=None if column.indicator is None else column.indicator + start,
    )


def _assemble(every: list[str], columns: Sequence[Column]) -> FrontEnd:
    """Return the front end of columns that read some of every name's, the readings."""
    positions = sorted({column.reading for column in columns})
    order = {position: reading for reading, position in enumerate(positions)}
    width = 0
    for column in columns:
        if isinstance(column, CategoricalColumn):
            width += len(column.categories)
        else:
            width += (column.output is not None) + (column.indicator is not None)
    names = tuple(every[position] for position in positions)
    read = tuple(replace(column, reading=order[column.reading]) for column in columns)
    return FrontEnd(names, tuple(positions), read, width, 1)


def _read_numeric(steps: Sequence[Step], names: list[str]) -> list[NumericColumn]:
    slots = [_Slot(column) for column in range(len(names))]
    readers: dict[type, Callable[[Any], list[Curve]]] = {
        OutlierClipper: _read_clipper,
        QuantileScaler: _read_quantiles,
        MinMaxScaler: _read_scaler,
    }
    done: list[type] = []
    for name, step in steps:
        if _is_passthrough(step):
            continue
        kind = next((one for one in (SimpleImputer, *readers) if isinstance(step, one)), None)
        if kind is None:
            raise _unsupported(name, step)
        if kind in done or MinMaxScaler in done:
            raise _unsupported(name, step, reason=f"comes after {done[-1].__name__}")
        done.append(kind)
        if kind is SimpleImputer:
            slots = _read_imputer(name, step, slots)
        else:
            curves = readers[kind](step)
            slots = [slot.then(curve) for slot, curve in zip(slots, curves, strict=True)]
    return _merge(slots, names)


def _read_imputer(name: str, step: SimpleImputer, slots: list[_Slot]) -> list[_Slot]:
    if not is_nan(step.missing_values):
        raise _unsupported(
            name, step, reason=f"has missing_values={step.missing_values!r}, not NaN"
        )
    try:
        fills = [float(value) for value in step.statistics_]
    except (TypeError, ValueError):
        raise _unsupported(
            name, step, reason="fills numeric columns with something other than numbers"
        ) from None
    if step.keep_empty_features:
        fills = [0.0 if np.isnan(fill) else fill for fill in fills]
    filled = zip(slots, fills, strict=True)
    kept = [replace(slot, fill=fill) for slot, fill in filled if not np.isnan(fill)]
    if step.add_indicator:
        kept += [_Slot(int(column), is_indicator=True) for column in step.indicator_.features_]
    return kept


def _read_clipper(step: OutlierClipper) -> list[Curve]:
    fences = np.column_stack([step.lower_, step.upper_])
    # A column whose fences are infinite is left as it is.
    return [Curve(one, one) if np.isfinite(one).all() else IDENTITY for one in fences]


def _read_quantiles(step: QuantileScaler) -> list[Curve]:
    return [Curve(*one) for one in zip(step.knots_, step.levels_, strict=True)]


def _read_scaler(step: MinMaxScaler) -> list[Curve]:
    levels = np.array(step.feature_range, dtype=np.float64)
    width = levels[1] - levels[0]
    return [
        Curve(np.array([low, low + width / scale]), levels, unlimited=not step.clip)
        for low, scale in zip(step.data_min_, step.scale_, strict=True)
    ]


def _merge(slots: list[_Slot], names: list[str]) -> list[NumericColumn]:
    """Join each column's value and indicator; the slots' order is the outputs' order."""
    columns: dict[int, NumericColumn] = {}
    for output, slot in enumerate(slots):
        name = names[slot.column]
        if slot.is_indicator:
            dropped = NumericColumn(name, slot.column, None, missing=0.0)
            columns[slot.column] = replace(
                columns.get(slot.column, dropped), indicator=output, indicator_values=slot.shown
            )
            continue
        columns[slot.column] = NumericColumn(name, slot.column, output, slot.curve, slot.fill)
    return [columns[key] for key in sorted(columns)]


def _read_categorical(steps: Sequence[Step], names: list[str]) -> list[CategoricalColumn]:
    *before, (name, encoder) = steps
    fills: list[Any] = [np.nan] * len(names)
    for other, step in before:
        if not isinstance(step, SimpleImputer) or len(before) > 1:
            raise _unsupported(other, step, reason="comes before a OneHotEncoder")
        if step.add_indicator or not is_nan(step.missing_values):
            raise _unsupported(
                other, step, reason="marks missing categories other than by a category of their own"
            )
        fills = list(step.statistics_)
    grouped = encoder.min_frequency is not None or encoder.max_categories is not None
    if encoder.drop is not None or grouped or encoder.handle_unknown != "ignore":
        raise _unsupported(
            name,
            encoder,
            reason="has drop, min_frequency or max_categories set, or handle_unknown other than "
            "'ignore'",
        )
    if len(encoder.categories_) != len(names):
        raise _unsupported(name, encoder, reason="follows an imputer that dropped a column")
    columns = []
    output = 0
    for reading, (column, fill) in enumerate(zip(names, fills, strict=True)):
        categories = tuple(
            one.item() if isinstance(one, np.generic) else one
            for one in encoder.categories_[reading]
        )
        columns.append(
            CategoricalColumn(column, reading, output, categories, _missing(categories, fill))
        )
        output += len(categories)
    return columns


def _missing(categories: tuple[Any, ...], fill: Any) -> int | None:
    """Return the category of a missing reading: the imputer's, else NaN's own, else None's."""
    if not is_nan(fill):
        return categories.index(fill) if fill in categories else None
    own = [i for i, one in enumerate(categories) if is_nan(one) or one is None]
    return own[-1] if own else None


def _unsupported(
    name: str, step: Any, reason: str = "cannot be turned into firmware"
) -> ExportError:
    kind = step if isinstance(step, str) else type(step).__name__
    return ExportError(
        f"Step {name!r} ({kind}) {reason}. {SUPPORTED} Apply anything else to the data before "
        "the pipeline, and export the pipeline without it."
    )
