#!/usr/bin/env python3
"""Runs the micro benches and prints their medians. Usage: table.py PROGRAM [--quick]"""

import json
import subprocess
import sys
import tempfile

REPETITIONS = 2 if "--quick" in sys.argv else 5


def main() -> int:
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        ran = subprocess.run(
            [sys.argv[1], f"--benchmark_repetitions={REPETITIONS}", "--benchmark_min_time=0.1",
             f"--benchmark_out={out.name}", "--benchmark_out_format=json"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
        if ran.returncode != 0:
            print(ran.stderr, file=sys.stderr)
            return 1
        runs = json.load(open(out.name, encoding="utf-8"))["benchmarks"]

    rows = [(run["run_name"].split("/")[0], run["cpu_time"] / 1000.0, run.get("bytes_per_second"))
            for run in runs if run.get("aggregate_name") == "median"]
    width = max(len(name) for name, _, _ in rows)
    print(f"{'one thread, median of ' + str(REPETITIONS):{width}}  {'CPU time':>12}  {'of text':>10}")
    for name, microseconds, rate in rows:
        print(f"{name:{width}}  {microseconds:>9.1f} us" + (f"  {rate / 1e6:>5.0f} MB/s" if rate else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
