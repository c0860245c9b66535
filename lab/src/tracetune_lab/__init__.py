"""The lab: real services behind real Envoy sidecars, under load, with faults of known truth."""

import os

__version__ = "0.1.0"

# The lab forks to start its processes and uses gRPC only as a server in the parent, so gRPC's fork
# handlers have nothing to save and would print a line for each process started.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
