#!/usr/bin/env python3
"""Berth's HTTP server beside cpprestsdk's, in one run. Usage: side_by_side.py PROGRAMS [--no-baseline] [--quick]"""

import pathlib
import sys

import hostile
import throughput
from servers import Builds


def main() -> int:
    sys.stdout.reconfigure(line_buffering=True)
    builds = Builds(pathlib.Path(sys.argv[1]))
    baseline = "--no-baseline" not in sys.argv
    rounds, seconds = (1, 1) if "--quick" in sys.argv else (5, 2)
    failures = throughput.compare(builds, baseline, rounds, seconds)
    print()
    hostile.compare(builds, baseline)
    if failures:
        print(f"{failures} requests to Berth failed", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
