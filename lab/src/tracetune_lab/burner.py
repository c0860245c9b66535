"""Burns one core for a bounded time: the neighbour in a CPU contention fault."""

import sys
import time

from tracetune_lab.work import burn


def main() -> None:
    """Burn for the number of seconds in the first argument."""
    end = time.monotonic() + float(sys.argv[1])
    while time.monotonic() < end:
        burn(20_000)


if __name__ == "__main__":
    main()
