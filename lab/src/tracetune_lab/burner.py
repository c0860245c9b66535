"""Burns one core for a bounded time: the neighbour in a CPU contention fault."""

import os
import sys
import time

from tracetune_lab.work import burn


def main() -> None:
    """Burn for the number of seconds in the first argument, on the core in the second.

    It keeps to that core by itself: under real-time priority burners on all cores would let nobody run who could move them.
    """
    os.sched_setaffinity(0, {int(sys.argv[2])})
    end = time.monotonic() + float(sys.argv[1])
    while time.monotonic() < end:
        burn(20_000)


if __name__ == "__main__":
    main()
