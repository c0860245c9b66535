"""Where an analysis goes: reports, patches, alerts and metrics."""
