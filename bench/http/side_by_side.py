#!/usr/bin/env python3
"""Berth's HTTP server beside others, in one run; writes the figures to PROGRAMS/http.json.

Usage: side_by_side.py PROGRAMS [--nginx ROOT] [--cpprest] [--go] [--quick]
"""

import argparse
import json
import pathlib
import sys

import hostile
import throughput
from servers import Builds


def main() -> int:
    sys.stdout.reconfigure(line_buffering=True)
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("programs", type=pathlib.Path)
    parser.add_argument("--nginx", type=pathlib.Path)
    for peer in "cpprest", "go", "quick":
        parser.add_argument(f"--{peer}", action="store_true")
    args = parser.parse_args()
    builds = Builds(args.programs, args.nginx)
    peers = throughput.Peers(args.cpprest, args.go, args.nginx is not None)
    rounds, seconds = (1, 1) if args.quick else (5, 2)
    lines, failures = throughput.compare(builds, peers, rounds, seconds)
    (args.programs / "http.json").write_text(json.dumps(lines, indent=1) + "\n", encoding="utf-8")
    print()
    hostile.compare(builds, args.cpprest)
    if failures:
        print(f"{failures} requests to Berth failed", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
