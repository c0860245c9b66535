"""The ablations as a page: what each part is worth, in tables and pictures, with what follows from it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean
from typing import Any

from ablations import picture
from ablations.variants import APART, HISTORIES

Found = dict[str, Any]

NETWORK = {
    "whole": "as it is (latency of 15 minutes ago)",
    "without load": "without the number of calls",
    "lag 4": "latency of 4 minutes ago (gap 3)",
    "lag 2": "latency of 2 minutes ago (gap 1)",
    "lag 1": "latency of the minute before (gap 0)",
    "without excursions": "without made-up anomalies in training",
    "as at the origin": "the origin's way: all of these away",
}

HISTORY = {
    "trailing median": "trailing median",
    "shipped": "shipped network as it is",
    "from nothing": "network from nothing",
    "trained further": "shipped network trained further",
}

HEAD = """# What is each part worth?

Made by `make bench-ablations`, which can be ended at any time and goes on where it was; figures as JSON in
`benchmarks/results/ablations.json`. Generated histories, seeds {seeds}, never looked at before and nothing chosen on them: the
settings were chosen on the development seeds 1 to 3. Each history has {applications} applications of {services} services,
{minutes} minutes to learn from and {days} days to judge, in which {events} series are hit by a slow event. One training a
variant and seed. Seeds differ among themselves by more than most variants do (dots in the pictures are single seeds), so
that only large differences, and those that every seed shows, mean something.

**F1** and **recall** are of events, by the evidence of 5 of 10 minutes; recall at {false} false alarms a series-day by an oracle
threshold, equal for all. **Loss** is the mean pinball loss of p95 on normal minutes as a share of its mean: how good the forecast
is. What forecasts best is not what detects best.
"""


def pages(found: Found) -> dict[str, str]:
    """Files of the docs folder by name."""
    histories = list(HISTORIES)
    whole = found["by_seed"].values()
    scores = [
        (label, _of(found, name, "F1"), _of(found, name, "recall"))
        for name, label in NETWORK.items()
        if _of(found, name, "F1")
    ]
    alone = [
        (
            TOGETHER,
            _of(found, "whole", "F1, same series"),
            _of(found, "whole", "recall, same series"),
        ),
        (APART_LABEL, _of(found, "each series alone", "F1"), _of(found, "each series alone", "recall")),
    ]
    alone = [row for row in alone if row[1]]
    curves = {
        measure: {
            label: [_mean(_of(found, _at(model, name), figure)) for name in histories]
            for model, label in HISTORY.items()
        }
        for measure, figure in (("Event F1", "F1"), ("Recall", "recall"), ("Loss of p95", "loss"))
    }
    seeds = ", ".join(map(str, found["seeds"]))
    given = found["given"]
    text = [
        HEAD.format(
            seeds=seeds,
            applications=given["applications"],
            services=given["services of each"],
            minutes=given["minutes of history"],
            days=given["days judged"],
            events=sum(int(each["whole"]["events"]) for each in whole),
            false=given["false alarms a series-day"],
        ),
        "## The network's parts\n",
        "![Event F1 and recall of the network without one part at a time](ablations-network.svg)\n",
        *_table(
            ("variant", "F1", "recall", "loss"),
            [(label, *_figures(found, name, ("F1", "recall", "loss"))) for name, label in NETWORK.items()],
        ),
        "",
        _said_of_network(found),
        "",
        "## One network for all series, or one each\n",
        "![One network over all series beside one for each](ablations-alone.svg)\n",
        f"On the {APART} series with the most events, {given['minutes of history']} minutes of each.\n",
        *_table(
            ("variant", "F1", "recall", "loss"),
            [
                (TOGETHER, *_figures(found, "whole", tuple(f"{x}, same series" for x in ("F1", "recall", "loss")))),
                (APART_LABEL, *_figures(found, "each series alone", ("F1", "recall", "loss"))),
            ],
        ),
        "",
        "## Thirty minutes or a day, pre-trained or from nothing\n",
        "![Event F1, recall and loss by length of history](ablations-history.svg)\n",
        HISTORY_ABOUT,
        *_table(
            ("model", *(f"F1, {name}" for name in histories), *(f"loss, {name}" for name in histories)),
            [
                (
                    label,
                    *(_figures(found, _at(model, name), ("F1",))[0] for name in histories),
                    *(_figures(found, _at(model, name), ("loss",))[0] for name in histories),
                )
                for model, label in HISTORY.items()
            ],
        ),
        "",
        _said_of_history(found),
        "",
    ]
    return {
        "ablations.md": "\n".join(text),
        "ablations-network.svg": picture.bars(
            "The network without one part at a time", f"Seeds {seeds}; bars are means", scores
        ),
        "ablations-alone.svg": picture.bars(
            "One network for all series, or one each", f"Seeds {seeds}; bars are means", alone
        ),
        "ablations-history.svg": picture.lines(
            "How much history, and whether something was known before", f"Means of seeds {seeds}", histories, curves
        ),
    }


TOGETHER, APART_LABEL = "one network over all series", "a network for each series"

HISTORY_ABOUT = """Models of different history on the same days; all go on following, none learns again. The network from nothing
learns in windows of 30 minutes of the shortest history, 60 of the next and 120 of the others.
"""

NETWORK_SAYS = """- The way of the origin, the next minute from the newest one, without load, made-up anomalies or clipping of
  what is fed back, forecasts {origin_loss} and has {origin_f1} in event F1 ({bare:.2f} against {whole:.2f}): it
  follows an anomaly within a minute.
- Load as an input: F1 {load:.2f} without, {whole:.2f} with it.
- The gap: F1 {near:.2f} without, {whole:.2f} with it, where made-up anomalies and clipping already keep the network from
  following. With it forecasts have {gap_loss} loss."""

HISTORY_SAYS = """- A day against 30 minutes: trained further, F1 rises from {further_short:.2f} to {further_long:.2f}; from
  nothing, from {nothing_short:.2f} to {nothing_long:.2f}.
- Pre-trained against from nothing: {shipped_short:.2f} and {nothing_short:.2f} after 30 minutes, {further_long:.2f} and
  {nothing_long:.2f} after a day (the shipped network as it is {shipped_long:.2f})."""


def _said_of_network(found: Found) -> str:
    """What the figures say, in words that follow from them."""
    names = {"whole": "whole", "bare": "as at the origin", "load": "without load", "near": "lag 1"}
    f1 = {key: _mean(_of(found, name, "F1")) for key, name in names.items()}
    loss = {key: _mean(_of(found, name, "loss")) for key, name in names.items()}
    return _measured(
        NETWORK_SAYS.format(
            origin_loss=f"with {_less(loss['bare'], loss['whole'])} loss",
            origin_f1=_less(f1["bare"], f1["whole"]),
            gap_loss=_less(loss["whole"], loss["near"]),
            **f1,
        )
    )


def _said_of_history(found: Found) -> str:
    models = {"further": "trained further", "nothing": "from nothing", "shipped": "shipped"}
    lengths = {"short": "30 min", "long": "24 h"}
    return _measured(
        HISTORY_SAYS.format(
            **{
                f"{key}_{length}": _mean(_of(found, _at(model, history), "F1"))
                for key, model in models.items()
                for length, history in lengths.items()
            }
        )
    )


def _measured(text: str) -> str:
    """The points whose figures are all there."""
    points = text.removeprefix("- ").split("\n- ")
    return "\n".join(f"- {point}" for point in points if "nan" not in point)


def _less(value: float, other: float) -> str:
    if abs(value / other - 1.0) < 0.005:
        return "as much"
    return f"{abs(value / other - 1.0):.0%} {'less' if value < other else 'more'}".replace("%", " %")


def _at(model: str, history: str) -> str:
    return "whole" if (model, history) == ("from nothing", "24 h") else f"{model}, {history}"


def _of(found: Found, variant: str, figure: str) -> list[float]:
    """One value a seed; those that were not measured yet are left out."""
    return [float(each[variant][figure]) for each in found["by_seed"].values() if variant in each]


def _mean(values: Sequence[float]) -> float:
    return fmean(values) if values else math.nan


def _figures(found: Found, variant: str, names: Sequence[str]) -> list[str]:
    means = {name: _mean(_of(found, variant, name)) for name in names}
    return [
        f"{mean:.{3 if 'loss' in name else 2}f}" if math.isfinite(mean) else "not measured"
        for name, mean in means.items()
    ]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(row)} |" for row in rows)]
