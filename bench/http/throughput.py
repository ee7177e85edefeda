"""Requests per second, CPU, latency and memory of the servers, one after another in every round."""

import os
import statistics
import subprocess

from servers import CLIENT_CORES, Builds, Server

# (heading, connections, what `load` does with a connection after an answer)
CASES = [("1 connection, kept", 1, "keep"), ("32 connections, kept", 32, "keep"),
         ("32 at once, a new connection for each request", 32, "close")]


def one_cell(builds: Builds, server: Server, connections: int, mode: str, seconds: int) -> dict:
    """One run of the load generator against one server."""
    before = server.cpu_seconds()
    out = subprocess.run(
        [str(builds.programs / "load"), str(server.port), str(connections), str(seconds), mode],
        check=True, capture_output=True, text=True, preexec_fn=lambda: os.sched_setaffinity(0, CLIENT_CORES)).stdout
    answered, took, p50, p99, failures = out.split()
    answered = int(answered)
    return {
        "rate": answered / float(took),
        "cpu": (server.cpu_seconds() - before) / max(answered, 1) * 1e6,
        "p50": int(p50) / 1000,
        "p99": int(p99) / 1000,
        "rss": server.resident_mb(),
        "failures": int(failures),
    }


def compare(builds: Builds, baseline: bool, rounds: int, seconds: int) -> int:
    """Prints one table per case; returns how many requests of Berth's failed."""
    kinds = [builds.berth] + ([builds.cpprest, lambda: builds.cpprest(threads=1)] if baseline else [])
    failures = 0
    print(f"rounds: {rounds} of {seconds} s; all figures are medians; a server of its own for each; ratios are Berth's "
          "figure by its")
    for heading, connections, mode in CASES:
        cells: dict[str, list[dict]] = {}
        for _ in range(rounds):
            for start in kinds:
                with start() as server:
                    one_cell(builds, server, connections, mode, 1)  # warm
                    cells.setdefault(server.name, []).append(one_cell(builds, server, connections, mode, seconds))
        print(f"\n{heading}\n{'':20}{'requests/s':>11}{'CPU us/req':>11}{'p50 ms':>8}{'p99 ms':>8}{'RSS MB':>8}"
              f"{'failed':>8}{'  ratios: req/s':>15}{'CPU':>7}{'p99':>7}")
        ours = cells["Berth"]
        failures += sum(cell["failures"] for cell in ours)
        for name, runs in cells.items():
            def middle(key: str, runs: list[dict] = runs) -> float:
                return statistics.median(run[key] for run in runs)

            def ratio(key: str, runs: list[dict] = runs) -> float:
                return statistics.median(own[key] / max(run[key], 0.001) for own, run in zip(ours, runs))

            line = (f"{name:20}{middle('rate'):>11.0f}{middle('cpu'):>11.1f}{middle('p50'):>8.2f}{middle('p99'):>8.2f}"
                    f"{middle('rss'):>8.1f}{sum(run['failures'] for run in runs):>8}")
            if name != "Berth":
                line += f"{ratio('rate'):>14.2f}x{ratio('cpu'):>6.2f}x{ratio('p99'):>6.2f}x"
            print(line)
    return failures
