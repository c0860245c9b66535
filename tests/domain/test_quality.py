"""The table of problems."""

from __future__ import annotations

from tracetune.domain.quality import PROBLEMS, Finding


def test_every_problem_says_what_it_means_and_what_to_do() -> None:
    assert all(problem.meaning and problem.remedy for problem in PROBLEMS.values())
    assert all(code == problem.code for code, problem in PROBLEMS.items())


def test_a_finding_knows_its_problem() -> None:
    assert Finding("cycle", 1, 10).problem is PROBLEMS["cycle"]
