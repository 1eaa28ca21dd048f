"""docs/signals.md says of each gauge what the code says."""

from agents.decision.pillars import GAUGES
from tests.support.sources import ROOT


def test_every_gauge_is_documented_with_its_points() -> None:
    rows = (ROOT / "docs" / "signals.md").read_text("utf-8").splitlines()
    table = [row for row in rows if row.startswith("| ") and row.count("|") == 4]
    for gauge in GAUGES:
        points = ", ".join(f"`{point.replace('{H}', 'H')}`" for point in gauge.points)
        both = "" if gauge.directed else " (both sides)"
        assert f"| {gauge.pillar} | {gauge.says}{both} | {points} |" in table
