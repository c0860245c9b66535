"""Readers of spans: one module per format, each turning bytes into SpanBatches."""
