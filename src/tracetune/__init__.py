"""Learns from traces what is normal for every operation, says what broke and why, and how to tune it."""

from __future__ import annotations

__version__ = "0.1.0"
