#!/usr/bin/env python3
"""Runs the bench of decisions, prints its table and writes its figures. Usage: decision.py PROGRAM JSON"""

import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

GOAL_US = 20.0  # p99 at 50 000 objects
ROUNDS = 5


def measure(program: str) -> dict[int, tuple[float, float]]:
    """Objects -> p50 and p99 in microseconds, medians of the rounds."""
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        subprocess.run(
            [program, f"--benchmark_repetitions={ROUNDS}", "--benchmark_enable_random_interleaving=true",
             f"--benchmark_out={out.name}", "--benchmark_out_format=json"],
            stdout=subprocess.DEVNULL, check=True)
        runs = json.load(open(out.name, encoding="utf-8"))["benchmarks"]
    found: dict[int, list[tuple[float, float]]] = {}
    for run in runs:
        if run["run_type"] == "iteration":
            found.setdefault(int(run["name"].split("/")[1]), []).append((run["p50_us"], run["p99_us"]))
    return {objects: (statistics.median(p50 for p50, _ in some), statistics.median(p99 for _, p99 in some))
            for objects, some in found.items()}


def line(name: str, berth: float, peer=None, ratio=None, goal=None) -> dict:
    holds = None if goal is None else berth < goal
    return {"name": name, "unit": "us", "berth": round(berth, 2), "peer": peer, "ratio": ratio, "goal": goal,
            "holds": holds}


def main() -> int:
    measured = measure(sys.argv[1])
    least = min(measured)
    lines = []
    print(f"one decision, medians of {ROUNDS} rounds     p50 us   p99 us   to {least} objects")
    for objects, (p50, p99) in sorted(measured.items()):
        growth = p50 / measured[least][0]
        print(f"  among {objects:>7} objects            {p50:>9.2f}{p99:>9.2f}   {growth:>8.2f} x")
        lines.append(line(f"decision among {objects} objects, p50", p50, ratio=round(growth, 2)))
        lines.append(line(f"decision among {objects} objects, p99", p99, goal=GOAL_US if objects == 50000 else None))
    path = pathlib.Path(sys.argv[2])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(lines, indent=1) + "\n", encoding="utf-8")
    missed = [each["name"] for each in lines if each["holds"] is False]
    for name in missed:
        print(f"missed: {name} (goal < {GOAL_US:.0f} us)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
