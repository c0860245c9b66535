"""Advice on where instances run: what to move off a node that is slow for several services at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tracetune.domain import words
from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.tuning.queues.neighbours import NoisyNode

SURE_BLOCKS = 10


def placement(nodes: Sequence[NoisyNode]) -> Iterator[Advice]:
    """One advice a noisy node; the unit is the node."""
    for each in nodes:
        yield Advice(
            _listed(each.services),
            "",
            Knob.PLACEMENT,
            Action.SET,
            each.node,
            None,
            None,
            None,
            None,
            Confidence.MEDIUM if each.blocks >= SURE_BLOCKS else Confidence.LOW,
            (
                _said(each),
                _seen(each),
                *_suspicion(each),
            ),
            effect=f"they would need {words.times(each.factor)} less own time on {each.node} while it lasts, as elsewhere",
            risk="what is moved brings its load to another node; nothing but the comparison of nodes shows the neighbour itself",
        )


def with_node(advice: Advice, nodes: Sequence[NoisyNode]) -> Advice:
    """Advice on replicas that says where more of them would be slow too; others as they are."""
    if advice.knob is not Knob.REPLICAS:
        return advice
    found = next((each for each in nodes if advice.target_service in each.services), None)
    if found is None:
        return advice
    said = f"its instances on {found.node} are slowed by that node: more replicas help on other nodes only"
    return replace(advice, reasons=(*advice.reasons[:1], said, *advice.reasons[1:]))


def _said(node: NoisyNode) -> str:
    slowed = _listed(node.services)
    if node.suspect:
        return f"Move {node.suspect} off {node.node}: it slows {slowed} there"
    return f"Something on {node.node} slows {slowed} there: move them, or what disturbs them"


def _seen(node: NoisyNode) -> str:
    lasted, of = words.duration(node.seconds), words.duration(node.of_seconds)
    return f"together they need {words.times(node.factor)} the own time of their instances on other nodes, for {lasted} of {of}"


def _suspicion(node: NoisyNode) -> Iterator[str]:
    if node.suspect:
        yield (
            f"requests in flight in {node.suspect} on {node.node} go along with it (correlation {node.suspect_correlation:.2f})"
        )
    else:
        yield f"no service with spans on {node.node} goes along with it: look for jobs, backups and other tenants there"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
