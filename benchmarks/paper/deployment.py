"""Table 3 of the deployment: what the fitted network needs on a chip."""

from benchmarks.paper.jobs import DEPLOYMENT
from benchmarks.paper.results import Results
from benchmarks.paper.section import Section, Table, Value
from skdualcnn._studies import OURS

TITLE = "Deployment (table 3)"


def build(results: Results) -> Section:
    """Return the section; it is about the fit of the honest protocol, first seed."""
    (one,) = results.select("honest", OURS, part=DEPLOYMENT)
    firmware = one.facts["firmware"]
    if "refused" in firmware:
        return Section(TITLE, [f"The exporter refuses this pipeline: {firmware['refused']}"])
    rows: list[list[Value]] = [
        [row["name"], row["value"], row["unit"], row["note"]] for row in firmware["rows"]
    ]
    sentences = [
        "The whole decider, preprocessing included, as integer C99. Instructions are counted on "
        "emulated chips; times and energies are estimates from them and from data sheets, not "
        "measurements. The paper measures 120 to 150 ms on an ESP32, without saying how.",
        f"Compiled here and compared with its exact twin: {firmware['checked']}.",
    ]
    columns = ("quantity", "value", "unit", "note")
    return Section(TITLE, sentences, [Table("On the chip", columns, rows)])
