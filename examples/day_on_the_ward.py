"""
A day on the ward, live
=======================

A fitted pipeline answers on readings that come one by one, each stream at its own rate, as it
would on the table of all rows. Decisions become alerts that are raised, acknowledged and
cleared. The ward is simulated, and its readings are replayed in the order of their times.
"""

# %%
# A detector for the patients to come
# -----------------------------------
# Ten patients train the pipeline; two others are watched.

import pandas as pd
from sklearn.pipeline import make_pipeline

from skdualcnn import DualPathCNNClassifier, FusionDecider, make_fusion_preprocessor
from skdualcnn.datasets import make_ward
from skdualcnn.streaming import AlertDesk, AlertPolicy, OnlineDetector

past = make_ward(n_patients=10, hours=8, random_state=0)
pipeline = make_pipeline(
    make_fusion_preprocessor(**past.modalities),
    DualPathCNNClassifier(lr=3e-3, batch_size=64, max_epochs=10, random_state=0),
)
decider = FusionDecider(pipeline).fit(past.data, past.target)

today = make_ward(n_patients=2, hours=24, emergencies_per_day=4, attacks_per_day=4, random_state=7)
detector = OnlineDetector(
    decider, today.modalities, freq="1min", tolerance="4min", times="naive", lateness="5s"
)
desk = AlertDesk(
    [AlertPolicy("medical", raise_count=4), AlertPolicy("cyber", raise_count=4)], times="naive"
)

# %%
# Readings as a gateway hands them on
# -----------------------------------

readings = pd.concat(
    [table.assign(stream=name) for name, table in today.streams.items()], ignore_index=True
).sort_values("timestamp", kind="stable")
print(f"{len(readings):,} readings of {today.groups.nunique()} patients in 24 hours")

decisions, events = [], []
for row in readings.itertuples(index=False):
    values = {name: getattr(row, name) for name in today.modalities[row.stream]}
    for decision in detector.push(row.stream, f"bed {row.patient}", row.timestamp, values):
        decisions.append(decision)
        events += desk.observe(decision)
print({name: n for name, n in detector.counters.items() if n})

# %%
# What the desk would have called
# -------------------------------

raised = [event for event in events if event.kind == "raised"]
for event in raised[:6]:
    print(f"{event.time:%H:%M} {event.alert.device}: {event.alert.kind}; {event.alert.reason}")
pd.crosstab(
    pd.Series([event.alert.kind for event in events], name="alert"),
    pd.Series([event.kind for event in events], name="event"),
)

# %%
# The day of one patient
# ----------------------
# Above what the two heads said each minute, below what was decided and what was true.

from skdualcnn.inspection import TimelineDisplay

bed = decisions[0].device
told = pd.DataFrame([one.record() for one in decisions if one.device == bed])
told["time"] = pd.to_datetime(told["time"])
here = (today.groups == int(bed.split()[1])).to_numpy()
truth = pd.Series(decider.true_state(today.target[here]), index=today.timestamps[here])
known = told["decision"].notna()
TimelineDisplay.from_predictions(
    told["time"][known],
    told[["health_score", "cyber_score"]][known].to_numpy(dtype=float),
    told["decision"][known],
    truth.reindex(told["time"][known]).to_numpy(),
    title=f"A day in {bed} (simulated)",
)
