"""The figures of quality as Markdown: one section a data set, with the bar beside what was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

Figures = Mapping[str, Any]

HEAD = """# How good is the detection?

Made by `make bench-quality`; figures as JSON in `benchmarks/results/quality-report.json`. Development used the `dev` recordings
and the generator's development seeds; what is here is from the `report` recordings and from seeds that were not looked at.
Event recall and false alarms are counted where an alert starts; point-adjusted F1 is not used, because a random score reaches
.48 by it. How the figures came about, failures included, is in the [log of experiments](experiments/LOG.md); how it decides is in
[Detect](concepts/detect.md).
"""


def lab(found: Figures) -> str:
    """The recordings, one a row."""
    delay = found["median_delay_minutes"]
    head = [
        "## The lab",
        "",
        _about_lab(found),
        "",
        *_table(
            ("measure", "bar", "measured"),
            [
                ("recall", "≥ 0.9", f"{found['recall']:.2f}"),
                ("false incidents", "≤ 1 a day", f"{found['false_incidents']} in {found['days']:.2f} days"),
                ("median delay", "≤ 2 min", "–" if delay is None else f"{delay:.1f} min"),
                ("kind right, of those found", "≥ 0.85", f"{found['kind_right']:.2f}"),
                ("“slower” where nothing is", "none", ", ".join(found["slower_where_nothing_is"]) or "none"),
            ],
        ),
        "",
    ]
    rows = []
    for each in found["recordings"]:
        answer = "found" if each["found"] else "missed" if each["wanted"] else "nothing to find"
        seen = " ".join(part for part in (each["kind"], each["release"]) if part)
        late = (
            f"{each['delay_minutes']:.1f}" if each["found"] and each["delay_minutes"] == each["delay_minutes"] else ""
        )
        rows.append(
            (f"`{each['recording']}`", each["fault"], each["skipped"] or answer, seen, late, ", ".join(each["false"]))
        )
    return "\n".join([*head, *_table(("recording", "fault", "", "named", "delay (min)", "false"), rows), ""])


def generator(found: Figures) -> str:
    """Models and rules, means over the seeds."""
    names = ("F1", "recall", "recall under 10 calls a minute", "recall 10 to 100", "recall over 100", "delay")
    rows = [
        (model, rule, *(f"{figures[name]:.2f}" for name in names))
        for model, rules in found["means"].items()
        for rule, figures in rules.items()
        if "F1" in figures
    ]
    budgets = [
        (model, f"{rules['calibrated']['false alarms a series-day']:.3f}", f"{rules['calibrated']['recall']:.2f}")
        for model, rules in found["means"].items()
    ]
    return "\n".join(
        [
            "## Generated histories",
            "",
            _about_generator(found),
            "",
            *_table(("model", "evidence", "F1", "recall", "< 10 calls", "10–100", "> 100", "delay (min)"), rows),
            "",
            "With thresholds calibrated for 0.1 false alarms a series-day, three rules together:",
            "",
            *_table(("model", "real false alarms a series-day", "recall"), budgets),
            "",
        ]
    )


def nezha(found: Figures) -> str:
    """Two days of Online Boutique."""
    if "skipped" in found:
        return f"## Online Boutique with faults\n\nNot measured: {found['skipped']}.\n"
    names = ("AUC", "recall at 1 an hour", "recall at 0.1 an hour")
    rows = [
        (day, signal, who, *(f"{figures[name]:.2f}" for name in names))
        for day, signals in found.items()
        for signal, scores in signals.items()
        for who, figures in scores.items()
    ]
    return "\n".join(
        [
            "## Online Boutique with 56 faults",
            "",
            "Front end, single minutes. Bar: above the robust z-score of the trailing hour on each.",
            "",
            *_table(("day", "signal", "score", *names), rows),
            "",
        ]
    )


def _about_lab(found: Figures) -> str:
    return (
        f"{found['faults']} faults in recordings of {found['days'] * 1440:.0f} minutes, behind six hours made of calm dev "
        "minutes of the same topology. Thresholds for a budget of "
        f"{found['false_budget_a_week']:g} false incidents a week, chosen on dev."
    )


def _about_generator(found: Figures) -> str:
    return (
        f"Seeds {', '.join(map(str, found['seeds']))}; means. Recall at 0.05 false alarms a series-day by an oracle "
        "threshold. Bars: F1 ≥ .70, recall ≥ .60, under 10 calls a minute ≥ .35."
    )


SECTIONS: dict[str, Callable[[Figures], str]] = {"lab": lab, "generator": generator, "nezha": nezha}


def whole(found: Mapping[str, Figures]) -> str:
    """The page."""
    return "\n".join([HEAD, *(section(found[name]) for name, section in SECTIONS.items() if name in found)])


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    names = list(head)
    return [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}", *(f"| {' | '.join(row)} |" for row in rows)]
