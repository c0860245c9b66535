"""From spans to minutes: trees, skew, self time, critical paths and the per-minute tables."""
