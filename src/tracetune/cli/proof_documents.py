"""What the proof tools found as JSON."""

from __future__ import annotations

import math
from statistics import median
from typing import Any

from tracetune.domain import words
from tracetune.proofs import sentences
from tracetune.proofs.backtest import Backtest, Side
from tracetune.proofs.histories import Comparison, History
from tracetune.proofs.pages import Page, a_week
from tracetune.proofs.power import OperationPower, Power
from tracetune.proofs.truth import Happening

Document = dict[str, Any]


def backtest(found: Backtest) -> Document:
    """Both sides of a backtest, with their pages and their scores."""
    return {
        "headline": sentences.backtest(found),
        "learned_from": words.timestamp(found.first),
        "judged_from": words.timestamp(found.cut),
        "judged_until": words.timestamp(found.last),
        "judged_minutes": found.judged,
        "static_rules": [str(rule) for rule in found.rules],
        "static_rules_found": found.found,
        "tracetune": _side(found.tracetune, found.judged),
        "static": _side(found.static, found.judged),
        "incidents": [
            {
                "id": each.incident.id,
                "kind": each.incident.kind.value,
                "severity": each.incident.severity.value,
                "services": list(each.incident.services),
                "onset": words.timestamp(each.incident.onset),
                "noticed": words.timestamp(each.noticed),
                "paged": None if each.paged is None else words.timestamp(each.paged),
            }
            for each in found.sightings
        ],
        "both": [list(pair) for pair in found.both],
        "truth": None if found.happened is None else [_happening(each) for each in found.happened],
    }


def power(found: Power) -> Document:
    """For each operation and service, how often each size was caught, and how fast."""
    return {
        "headline": sentences.power(found),
        "learned_from": words.timestamp(found.first),
        "tried_from": words.timestamp(found.cut),
        "tried_until": words.timestamp(found.last),
        "lasting_minutes": found.lasting_minutes,
        "starts": [words.timestamp(start) for start in found.starts],
        "operations": [_power(each) for each in found.operations],
        "services": [_power(each) for each in found.services],
    }


def histories(found: Comparison) -> Document:
    """Each length of history with its measures."""
    return {
        "headline": sentences.histories(found),
        "judged_from": words.timestamp(found.cut),
        "judged_until": words.timestamp(found.last),
        "histories": [_history(each) for each in found.histories],
        "left_out": list(found.too_long),
    }


def _history(each: History) -> Document:
    measures = {"loss": each.loss, "coverage": each.coverage, "mase": each.mase, "threshold": each.threshold}
    return {
        "history": each.name,
        "minutes": each.minutes,
        **{name: round(value, 4) if math.isfinite(value) else None for name, value in measures.items()},
        "found": each.hits,
        "injected": each.trials,
        "others": each.others,
        "f1": round(each.f1, 4),
        "speakers": dict(each.speakers),
    }


def _power(each: OperationPower) -> Document:
    smallest = each.smallest
    return {
        "service_name": each.key.service_name,
        "span_name": each.key.span_name or None,
        "calls_a_minute": each.calls_a_minute,
        "smallest_factor": smallest.factor if smallest else None,
        "median_delay_minutes": median(smallest.delays) if smallest else None,
        "sizes": [
            {
                "factor": size.factor,
                "caught": len(size.delays),
                "trials": size.trials,
                "delay_minutes": sorted(size.delays),
            }
            for size in each.caught
        ],
    }


def _side(side: Side, judged: int) -> Document:
    score = side.score
    return {
        "pages": [_page(page) for page in side.pages],
        "pages_a_week": round(a_week(len(side.pages), judged), 2),
        "incidents": side.incidents,
        "incidents_a_week": round(a_week(side.incidents, judged), 2),
        "alarm_minutes": side.alarm_minutes,
        "hits": None if score is None else score.hits,
        "misses": None if score is None else len(score.delays) - score.hits,
        "delay_minutes": None if score is None else list(score.delays),
        "false_pages": None if score is None else score.false,
    }


def _page(page: Page) -> Document:
    return {
        "at": words.timestamp(page.at),
        "start": words.timestamp(page.start),
        "end": words.timestamp(page.end),
        "about": page.about,
        "services": list(page.services),
    }


def _happening(happening: Happening) -> Document:
    return {
        "kind": happening.kind,
        "service": happening.service_name,
        "start": words.timestamp(happening.start),
        "end": words.timestamp(happening.end),
        "is_fault": happening.is_fault,
    }
