"""What a model may see of a minute: the gap, and the network's features, made for a few windows at a time."""

from __future__ import annotations

GAP_MINUTES = 15
"""Minutes between the newest value used and the minute forecast: an anomaly cannot feed its own expectation at once."""

FEEDBACK_SIGMAS = 2.0
"""A value is used in later forecasts no further than this from what was expected of it, so that an anomaly longer than
the gap moves them slowly."""
