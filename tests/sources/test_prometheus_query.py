"""CPU and memory by pod, from a real Prometheus that scrapes a page made here."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest
from tests.sources.pods import BEGAN, CORES, Page, pods_of, running_prometheus, serving

from tracetune.domain.usage import PodUsage
from tracetune.errors import InvalidInput, InvalidSettings, Unauthorized, Unavailable
from tracetune.ports import UsageReader
from tracetune.sources.prometheus_query import PrometheusQuery, usage_reader


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_prometheus(tmp_path_factory.mktemp("prometheus")) as address:
        yield address


@pytest.fixture(scope="module")
def pods(prometheus: str) -> dict[str, PodUsage]:
    return pods_of(prometheus)


def test_cpu_is_that_of_all_containers_and_of_no_sum_that_holds_them_already(pods: dict[str, PodUsage]) -> None:
    for name, cores in CORES.items():
        assert pods[name].cpu_during_cores == pytest.approx(cores, rel=0.1)


def test_history_is_that_of_a_day_even_where_the_traces_are_of_a_minute(pods: dict[str, PodUsage]) -> None:
    payment = pods["payment-a"]

    lasted = time.time() - BEGAN
    assert payment.hours == pytest.approx(lasted / 3600, abs=0.3)
    assert payment.cpu_p50_cores == pytest.approx(0.24, rel=0.05)
    assert payment.cpu_p95_cores == pytest.approx(0.48, rel=0.05)
    assert payment.memory_peak_bytes == pytest.approx(1e8 + 1e4 * lasted, rel=0.05)


def test_requests_limits_and_stopped_periods_are_those_of_the_pod(pods: dict[str, PodUsage]) -> None:
    payment = pods["payment-a"]

    assert payment.namespace == "shop"
    assert (payment.cpu_request_cores, payment.cpu_limit_cores) == (0.25, 0.5)
    assert payment.memory_request_bytes == 6.4e7
    assert payment.throttled_share == pytest.approx(0.4, rel=0.05)


def test_what_a_pod_does_not_tell_is_not_a_number(pods: dict[str, PodUsage]) -> None:
    cart = pods["cart-b"]

    assert cart.cpu_limit_cores != cart.cpu_limit_cores
    assert cart.throttled_share == 0


def test_a_time_without_scrapes_has_no_pods(prometheus: str, pods: dict[str, PodUsage]) -> None:
    assert pods
    assert PrometheusQuery(prometheus).read(1_600_000_000, 1_600_003_600) == ()


def test_it_reads_usage_and_nobody_is_asked_without_an_address() -> None:
    assert isinstance(PrometheusQuery("http://127.0.0.1:9"), UsageReader)
    assert usage_reader("", "") is None


def test_nobody_at_the_address_is_told_with_the_address_and_without_its_password() -> None:
    with pytest.raises(Unavailable, match=r"Prometheus at http://127.0.0.1:9 does not answer") as told:
        PrometheusQuery("http://reader:secret@127.0.0.1:9").read(0, 60)

    assert "secret" not in told.value.message + told.value.hint


def test_an_address_that_is_none_is_refused_at_once() -> None:
    for wrong in ("prometheus:9090", "ftp://prometheus", "http://"):
        with pytest.raises(InvalidSettings, match="no address of Prometheus"):
            PrometheusQuery(wrong)


def test_one_that_takes_too_long_is_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        reader = PrometheusQuery(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout_seconds=0.2)
        with pytest.raises(Unavailable, match=r"does not answer within 0.2 s"):
            reader.read(0, 60)


def test_a_wrong_token_is_told_with_the_setting_that_mends_it() -> None:
    class Guard(Page):
        def do_POST(self) -> None:  # noqa: N802
            given = self.headers["authorization"]
            self.send_response(200 if given == "Bearer right" else 401)
            self.end_headers()
            self.wfile.write(b'{"status":"success","data":{"resultType":"vector","result":[]}}')

    with serving(Guard) as port:
        assert PrometheusQuery(f"http://127.0.0.1:{port}", "right").read(0, 60) == ()
        with pytest.raises(Unauthorized, match="401") as told:
            PrometheusQuery(f"http://127.0.0.1:{port}", "wrong").read(0, 60)

    assert "tune.prometheus_token" in told.value.hint


def test_a_page_that_is_no_api_is_told_as_such() -> None:
    class Pages(Page):
        def do_POST(self) -> None:  # noqa: N802
            self.do_GET()

    with serving(Pages) as port, pytest.raises(InvalidInput, match="no JSON of its API"):
        PrometheusQuery(f"http://127.0.0.1:{port}").read(0, 60)


def test_a_refused_query_is_told_in_the_words_of_the_other_side() -> None:
    class Refusing(Page):
        def do_POST(self) -> None:  # noqa: N802
            self.send_response(422)
            self.end_headers()
            self.wfile.write(b'{"status":"error","errorType":"execution","error":"too many samples"}')

    with serving(Refusing) as port, pytest.raises(InvalidInput, match="refuses a query: too many samples"):
        PrometheusQuery(f"http://127.0.0.1:{port}").read(0, 60)
