from __future__ import annotations

import re

from tracetune import errors


def test_every_error_stands_in_the_tree_of_the_docstring() -> None:
    drawn = dict(re.findall(r"(\w+) {2,}(\w+) {2,}", errors.__doc__ or ""))

    every: list[type[errors.TracetuneError]] = [errors.TracetuneError, *errors.TracetuneError.__subclasses__()]
    classes = {error.__name__: error.code for error in every}

    assert drawn == classes


def test_error_carries_its_hint_apart_from_its_message() -> None:
    error = errors.InvalidInput("x.json is empty", hint="export the traces again")

    assert (str(error), error.hint) == ("x.json is empty", "export the traces again")


def test_too_little_data_has_an_exit_status_of_its_own() -> None:
    assert errors.NotEnoughData.exit_status == 4
