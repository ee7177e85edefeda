"""Requests per second, CPU, latency and memory of the servers, one after another in every round."""

import dataclasses
import os
import statistics
import subprocess
from collections.abc import Callable

from servers import CLIENT_CORES, Builds, Server


@dataclasses.dataclass
class Case:
    """Reviews of one size over so many connections; `mode`: what `load` does with a connection after an answer."""

    kilobytes: int
    connections: int
    mode: str = "keep"
    goal: float | None = None  # requests/s, Berth's to nginx's, at least; None: only cpprestsdk stands beside it

    @property
    def heading(self) -> str:
        if self.mode == "close":
            return f"{self.kilobytes} KB, {self.connections} at once, a new connection for each request"
        return f"{self.kilobytes} KB, {self.connections} connection{'s' if self.connections > 1 else ''}, kept"


CASES = [Case(3, 10, goal=0.80), Case(3, 100, goal=0.80), Case(200, 10, goal=0.60), Case(200, 100, goal=0.60),
         Case(3, 1), Case(3, 32), Case(3, 32, "close")]

Cells = dict[str, list[dict]]  # of each server, by its name: what it did in each round


@dataclasses.dataclass
class Peers:
    """Who stands beside Berth."""

    cpprest: bool
    go: bool
    nginx: bool

    def starters(self, builds: Builds, case: Case) -> list[Callable[[], Server]]:
        found: list[Callable[[], Server]] = [builds.berth]
        if self.nginx and case.goal:
            found.append(lambda: builds.nginx(case.kilobytes))
        if self.go and case.goal:
            found.append(lambda: builds.go(case.kilobytes))
        if self.cpprest:
            found += [builds.cpprest, lambda: builds.cpprest(threads=1)]
        return found


def one_cell(builds: Builds, server: Server, case: Case, seconds: int) -> dict:
    """One run of the load generator against one server."""
    before = server.cpu_seconds()
    out = subprocess.run(
        [str(builds.programs / "load"), str(case.kilobytes), str(server.port), str(case.connections), str(seconds),
         case.mode],
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


def measure(builds: Builds, peers: Peers, case: Case, rounds: int, seconds: int) -> Cells:
    cells: Cells = {}
    for _ in range(rounds):
        for start in peers.starters(builds, case):
            with start() as server:
                one_cell(builds, server, case, 1)  # warm
                cells.setdefault(server.name, []).append(one_cell(builds, server, case, seconds))
    return cells


def middle(runs: list[dict], key: str) -> float:
    return statistics.median(run[key] for run in runs)


def ratio(ours: list[dict], theirs: list[dict], key: str) -> float:
    return statistics.median(own[key] / max(their[key], 0.001) for own, their in zip(ours, theirs))


def print_table(case: Case, cells: Cells) -> None:
    print(f"\n{case.heading}\n{'':20}{'requests/s':>11}{'CPU us/req':>11}{'p50 ms':>8}{'p99 ms':>8}{'RSS MB':>8}"
          f"{'failed':>8}{'  ratios: req/s':>15}{'CPU':>7}{'p99':>7}")
    ours = cells["Berth"]
    for name, runs in cells.items():
        line = (f"{name:20}{middle(runs, 'rate'):>11.0f}{middle(runs, 'cpu'):>11.1f}{middle(runs, 'p50'):>8.2f}"
                f"{middle(runs, 'p99'):>8.2f}{middle(runs, 'rss'):>8.1f}{sum(run['failures'] for run in runs):>8}")
        if name != "Berth":
            line += (f"{ratio(ours, runs, 'rate'):>14.2f}x{ratio(ours, runs, 'cpu'):>6.2f}x"
                     f"{ratio(ours, runs, 'p99'):>6.2f}x")
        print(line)


def lines_of(case: Case, cells: Cells) -> list[dict]:
    """For the JSON file: two figures beside each peer. Only requests/s beside nginx have a goal."""
    lines = []
    ours = cells["Berth"]
    for name, runs in cells.items():
        if name == "Berth":
            continue
        for key, unit in ("rate", "requests/s"), ("cpu", "CPU us/request"):
            goal = case.goal if name == "nginx" and key == "rate" else None
            found = ratio(ours, runs, key)
            lines.append({"name": f"{case.heading}, beside {name}", "unit": unit, "berth": round(middle(ours, key), 1),
                          "peer": round(middle(runs, key), 1), "ratio": round(found, 4), "goal": goal,
                          "holds": None if goal is None else found >= goal})
    return lines


def compare(builds: Builds, peers: Peers, rounds: int, seconds: int) -> tuple[list[dict], int]:
    """Prints one table per case; returns the lines of the JSON file, and how many requests of Berth's failed."""
    lines: list[dict] = []
    failures = 0
    print(f"rounds: {rounds} of {seconds} s; all figures are medians; a server of its own for each; ratios are Berth's "
          "figure by its")
    for case in CASES:
        cells = measure(builds, peers, case, rounds, seconds)
        print_table(case, cells)
        lines += lines_of(case, cells)
        failures += sum(run["failures"] for run in cells["Berth"])
    print()
    for line in lines:
        if line["holds"] is False:
            print(f"missed: {line['name']}: {line['ratio']:.2f} x (goal >= {line['goal']:.2f} x)")
    return lines, failures
