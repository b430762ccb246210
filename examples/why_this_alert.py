"""
Why was this alert raised?
==========================

What spoke for a decision, column by column; what would have changed it; and whether these
reasons are faithful to the network.

Run: ``python examples/why_this_alert.py``. It needs ``pip install 'skdualcnn[explain]'``.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from skdualcnn import DualPathCNNClassifier, FusionDecider, make_fusion_preprocessor
from skdualcnn.datasets import make_ward
from skdualcnn.explanation import (
    AttributionDisplay,
    attribute_scores,
    deletion_curve,
    describe_decisions,
)
from skdualcnn.model_selection import honest_split
from skdualcnn.preprocessing import SlidingWindow

# %%
# A decider with windows of eight minutes, trained on some patients of a simulated ward.

ward = make_ward(n_patients=8, hours=6, random_state=0)
train, test = honest_split(ward, random_state=0)
pipeline = make_pipeline(
    make_fusion_preprocessor(**ward.modalities),
    SlidingWindow(8),
    DualPathCNNClassifier(lr=3e-3, batch_size=64, max_epochs=5, random_state=0),
)
decider = FusionDecider(pipeline).fit(ward.data.iloc[train], ward.target.iloc[train])

# %%
# The reference is what "nothing is wrong" looks like: the normal rows of the training data.

normal = ward.data.iloc[train][(ward.target.iloc[train] == "normal").all(axis=1)]
rows = ward.data.iloc[test]
attributions = attribute_scores(decider, rows, reference=normal)
lines = describe_decisions(decider, rows, attributions)
decisions = decider.predict(rows)
for decision in ("medical", "cyber"):
    print(lines[int(np.flatnonzero(decisions == decision)[0])])

# %%
# One of them as a picture: columns above, minutes below, the sum of each modality in the legend.

alert = int(np.flatnonzero(decisions == "medical")[0])
AttributionDisplay(attributions, lines).plot(row=alert)
plt.show()

# %%
# Reasons can be wrong. If these are right, taking away the columns with the largest
# contributions lowers the score faster than taking away columns at random.

curve = deletion_curve(
    decider,
    rows,
    attributions,
    reference=normal,
    head="health",
    rows=np.flatnonzero(decisions == "medical"),
    random_state=0,
)
ax = curve.scores.plot(style=["-o", "--s"])
ax.set(xlabel="columns taken away", ylabel="mean health score", ylim=(0, 1))
plt.show()
print(f"on average {curve.advantage:.2f} lower than at random")
