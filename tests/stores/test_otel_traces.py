"""Spans from the table of OpenTelemetry's ClickHouse exporter, in a real engine in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tracetune.domain.spans import SpanKind, StatusCode
from tracetune.errors import Unavailable
from tracetune.sources.payloads import Format, PayloadDecoder
from tracetune.stores.otel_traces import OtelTraces

# An engine has one directory a process, and other tests use it too.
SCRIPT = """
import json, sys
from tracetune.errors import InvalidInput
from tracetune.stores import otel_traces
from tracetune.stores.clickhouse import connect
client = connect("chdb://" + sys.argv[1])
client.command('''
CREATE TABLE otel_traces (
  Timestamp DateTime64(9), TraceId String, SpanId String, ParentSpanId String, TraceState String,
  SpanName LowCardinality(String), SpanKind LowCardinality(String), ServiceName LowCardinality(String),
  ResourceAttributes Map(LowCardinality(String), String), SpanAttributes Map(LowCardinality(String), String),
  Duration UInt64, StatusCode LowCardinality(String)
) ENGINE = MergeTree ORDER BY (ServiceName, SpanName, toDateTime(Timestamp))
''')
for n in range(7):
    parent = "" if n % 2 == 0 else f"{n:016x}"
    kind, status = (("Server", "Error") if n % 2 else ("SPAN_KIND_CLIENT", "STATUS_CODE_OK"))
    client.command(f'''INSERT INTO otel_traces SELECT fromUnixTimestamp64Nano({1_750_000_000_000_000_000 + n * 10**9}),
      '{n + 1:032x}', '{n + 1:016x}', '{parent}', '', 'GET /x', '{kind}', 'shop',
      map('k8s.pod.name', 'shop-1', 'service.version', 'v2'), map('http.request.method', 'GET'), 5000000, '{status}' ''')
client.close()
otel_traces.ROWS = 3
table = otel_traces.OtelTraces("chdb://" + sys.argv[1])
found = [each.decode() for each in table.fetch(1_750_000_001, 1_750_000_006)]
try:
    list(otel_traces.OtelTraces.fetch(otel_traces.OtelTraces("chdb://" + sys.argv[1], "nothing"), 0, 1))
    missing = ""
except InvalidInput as error:
    missing = error.message
print(json.dumps({"found": found, "missing": missing}))
"""


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder: Path = tmp_path_factory.mktemp("clickhouse") / "store"
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", SCRIPT, str(folder)], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_window_is_read_in_pieces_and_whole(answer: Any) -> None:
    decoder = PayloadDecoder()

    batches = [decoder.decode(Format.OTLP_JSON, text.encode()).spans for text in answer["found"]]

    assert [len(each) for each in batches] == [3, 2]
    first = batches[0].table.to_pylist()[0]
    assert first["start_time_unix_nano"] == 1_750_000_001_000_000_000
    assert first["end_time_unix_nano"] - first["start_time_unix_nano"] == 5_000_000
    assert (first["service_name"], first["instance"], first["service_version"]) == ("shop", "shop-1", "v2")


def test_kinds_and_statuses_of_old_and_new_exporters_are_known(answer: Any) -> None:
    spans = PayloadDecoder().decode(Format.OTLP_JSON, answer["found"][0].encode()).spans

    assert spans.column("kind").tolist() == [SpanKind.SERVER, SpanKind.CLIENT, SpanKind.SERVER]
    assert spans.column("status_code").tolist() == [StatusCode.ERROR, StatusCode.OK, StatusCode.ERROR]


def test_missing_table_is_named(answer: Any) -> None:
    assert answer["missing"].startswith("nothing cannot be read")


def test_server_that_is_away_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        list(OtelTraces("http://user:secret@127.0.0.1:9/default").fetch(0, 1))
