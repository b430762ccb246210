"""Find what a random split leaks on WUSTL-EHMS-2020, and what it is worth.

The data are read with the columns that the loader leaves out for good reason. A report
under the split of single rows that most papers take, then one under the chronological
split, then the score of the same boosted trees under both.

Run: python examples/find_leakage.py DATA_DIR
"""

import sys

from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import f1_score
from sklearn.model_selection import ShuffleSplit

from skdualcnn.datasets import load_wustl_ehms
from skdualcnn.model_selection import LeakageReport, honest_split, leakage_report


def main(data_home: str) -> tuple[LeakageReport, LeakageReport]:
    """Print both reports and both scores, and return the reports."""
    monitor = load_wustl_ehms(data_home, drop_leaky=False)
    splits = {
        "random": next(ShuffleSplit(1, test_size=0.2, random_state=0).split(monitor.data)),
        "chronological": honest_split(monitor),
    }
    reports = {
        name: leakage_report(
            monitor.data, monitor.target, monitor.groups, [split], window=8, random_state=0
        )
        for name, split in splits.items()
    }
    for name, report in reports.items():
        print(f"== {name} split")
        print(report)

    attack = monitor.target["cyber"] != "normal"
    traps = {
        one.column
        for report in reports.values()
        for one in report.findings
        if one.column is not None and one.severity == "high"
    }
    print(f"== F1 of boosted trees; columns of severity high: {', '.join(sorted(traps))}")
    for kept, columns in {
        "without them": [name for name in monitor.data if name not in traps],
        "vital signs and Packet_num alone": [*monitor.modalities["patient"], "Packet_num"],
    }.items():
        X = monitor.data[columns].select_dtypes("number")
        for name, (train, test) in splits.items():
            model = HistGradientBoostingClassifier(random_state=0)
            model.fit(X.iloc[train], attack.iloc[train])
            score = f1_score(attack.iloc[test], model.predict(X.iloc[test]))
            print(f"{name:>13} split, {kept}: {score:.2f}")
    return reports["random"], reports["chronological"]


if __name__ == "__main__":
    main(sys.argv[1])
