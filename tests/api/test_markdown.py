from __future__ import annotations

import importlib

from starlette.testclient import TestClient

from tracetune.api.incidents import incident_detail
from tracetune.api.markdown import markdown
from tracetune.api.snapshots import Shown, fixed
from tracetune.domain.notes import Notes


def test_the_post_mortem_has_the_story_in_order(client: TestClient) -> None:
    answer = client.get("/api/v1/incidents/INC-3f9c.md")

    headings = [line for line in answer.text.splitlines() if line.startswith("#")]
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert headings[0] == "# POST /checkout is slow because of payments"
    assert headings[1:] == ["## What happened", "## Why we think so", "## What to do", "## Timeline"]
    assert "against it: Calls a minute were as forecast" in answer.text


def test_names_from_traces_are_text_and_nothing_else(shown: Shown, now: float) -> None:
    assert shown.incidents
    hostile = importlib.import_module("tests.sinks.analysis_data").shop_analysis(suffix="<img src=x>[a](b)|`")

    text = markdown(incident_detail(Shown(fixed(hostile).current()), "INC-3f9c", Notes(), now))

    assert "<img" not in text.replace("\\<img", "")
    assert "[a](b)" not in text.replace("\\[a", "")
