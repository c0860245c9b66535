"""What a caller's sidecar does with its calls to one service: timeout, retries, limits, outlier detection."""

from __future__ import annotations

import msgspec

# Istio's default policy is two more attempts on these; the numbers are statuses.
ISTIO_RETRY_ON = "connect-failure,refused-stream,unavailable,cancelled,503"
# The lab's own default, of the same number: only what never reached the callee is tried again, so
# that a fault's errors are counted as they were made.
LAB_RETRY_ON = "connect-failure,refused-stream"
DEFAULT_ATTEMPTS = 2
ANY = "*"


class Policy(msgspec.Struct, frozen=True, omit_defaults=True):
    """The departures from the defaults; None leaves a default as it is. `attempts` are those after the first."""

    timeout_seconds: float | None = None
    attempts: int | None = None
    per_try_timeout_seconds: float | None = None
    retry_on: str = ""
    retry_method: str = ""  # calls of another method keep the default retries
    max_connections: int | None = None
    max_requests: int | None = None
    max_pending_requests: int | None = None
    max_retries: int | None = None
    retry_budget_percent: float | None = None
    min_retry_concurrency: int | None = None
    consecutive_5xx: int | None = None
    interval_seconds: float | None = None
    base_ejection_seconds: float | None = None
    max_ejection_percent: int | None = None

    def with_values_of(self, other: Policy) -> Policy:
        """This policy, where the other says nothing."""
        said = {name: value for name in self.__struct_fields__ if (value := getattr(other, name)) not in (None, "")}
        return msgspec.structs.replace(self, **said)


# By (caller, callee); ANY stands for every caller that has no policy of its own for the same field.
Policies = dict[tuple[str, str], Policy]


def policy_of(policies: Policies, caller: str, callee: str) -> Policy:
    """What holds between two services."""
    general = policies.get((ANY, callee), Policy())
    return general.with_values_of(policies.get((caller, callee), Policy()))
