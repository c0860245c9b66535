"""Tools for tests and the demo: spans from a shorthand, a simulated shop, files of spans, and contract checks."""
