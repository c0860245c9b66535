"""What a model may see of a minute: the gap, and the network's features, made for a few windows at a time."""

from __future__ import annotations

GAP_MINUTES = 15
"""Minutes between the newest value used and the minute forecast: an anomaly cannot feed its own expectation at once."""
