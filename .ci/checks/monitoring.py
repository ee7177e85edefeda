#!/usr/bin/python3
"""Checks monitoring/ and the texts about it: rules and their tests by promtool, the dashboard's queries as rules, and
that alerts, dashboard, runbooks, docs/metrics.md and the code speak of the same metrics.

It proves that it can fail: each known-bad variant of self_test() must be found.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROMTOOL = str(ROOT / ".ci/promtool")
ALERTS = ROOT / "monitoring/alerts.yaml"
SEVERITIES = {"critical", "warning", "info"}
SECTIONS = ["What it means", "What users feel", "Look", "Do"]  # of a runbook, in this order
TARGET_LABELS = {"cluster", "namespace", "pod", "job", "instance", "le"}  # of a scrape, and of a bucket
OWN = re.compile(r"^(berth|workqueue|controller_runtime|rest_client|leader_election|process)_[a-z_]+$")
WORDS = {"and", "or", "unless", "by", "without", "on", "ignoring", "group_left", "group_right", "offset", "bool"}
# What Grafana puts in, as something that promtool can parse.
GRAFANA = {"$__rate_interval": "5m", "$__interval": "1m", "$__range": "1h", "$namespace": ".*"}


def metrics_of(expression: str) -> set[str]:
    """The names of the metrics that a PromQL expression asks for."""
    text = re.sub(r'"(\\.|[^"\\])*"', '""', expression)
    text = re.sub(r"\{[^}]*\}|\[[^\]]*\]", " ", text)
    text = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", r"\1", text)
    names = set()
    for match in re.finditer(r"(?<![\w.:])[a-zA-Z_:][\w:]*", text):
        called = text[match.end():].lstrip().startswith("(")
        if match.group() not in WORDS and not called:
            names.add(match.group())
    return names - set(re.findall(r"\b(\w+)\s+(?:by|without)\b", text))  # sum by (x) (y)


def labels_asked(expression: str) -> list[tuple[str, set[str]]]:
    """(metric, labels of its matchers) of every selector."""
    text = re.sub(r'"(\\.|[^"\\])*"', '""', expression)
    return [(name, set(re.findall(r"(\w+)\s*[=!]", inner))) for name, inner in re.findall(r"([\w:]+)\{([^}]*)\}", text)]


def documented(page: str) -> tuple[dict[str, tuple[str, set[str]]], set[str]]:
    """docs/metrics.md: own metrics as name -> (type, labels), and the names of others' metrics."""
    own, others = {}, set()
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        name = re.fullmatch(r"`([\w]+)`", cells[0]) if line.startswith("|") else None
        if name and cells[1] in ("counter", "gauge", "histogram"):
            own[name.group(1)] = (cells[1], set(re.findall(r"`(\w+)`", cells[2])))
        elif name:
            others.add(name.group(1))
    return own, others


def in_code() -> set[str]:
    """Names of metrics in the programs: literals, and those that export_server_stats() puts together."""
    names = set()
    for folder in ("operator", "webhook", "kube/daemon"):
        for file in (ROOT / folder).rglob("*.cpp"):
            if file.name.endswith("_test.cpp") or "testing" in file.parts:
                continue
            text = file.read_text(encoding="utf-8")
            for literal in re.findall(r'"(\w+)"', text):
                if OWN.match(literal) and not literal.endswith("_"):
                    names.add(literal)
                elif OWN.match(literal):  # a prefix: count("x") makes a counter of it, now("x") a gauge
                    names |= {f"{literal}{what}_total" for what in re.findall(r'\bcount\("(\w+)"', text)}
                    names |= {literal + what for what in re.findall(r'\bnow\("(\w+)"', text)}
    return names


def base(name: str, own: dict[str, tuple[str, set[str]]], others: set[str]) -> str:
    """The metric that a series belongs to: without _bucket, _sum, _count of a histogram."""
    stripped = re.sub(r"_(bucket|sum|count)$", "", name)
    if own.get(stripped, ("",))[0] == "histogram" or (name not in own | dict.fromkeys(others) and stripped in others):
        return stripped
    return name


def query_faults(where: str, expression: str, own, others, recorded) -> list[str]:
    faults = []
    for name in metrics_of(expression):
        if base(name, own, others) not in own and base(name, own, others) not in others | recorded:
            faults.append(f"{where}: metric {name} is not in docs/metrics.md")
    for name, labels in labels_asked(expression):
        known = own.get(base(name, own, others))
        for label in labels - TARGET_LABELS - (known[1] if known else labels):
            faults.append(f"{where}: {name} has no label {label}, see docs/metrics.md")
    return faults


def lost_labels(alert: dict) -> set[str]:
    """Labels that the texts of an alert use and that its expression aggregates away."""
    used = set(re.findall(r"\$labels\.(\w+)", json.dumps(alert["annotations"])))
    kept = set(re.findall(r"\w+", " ".join(re.findall(r"\bby\s*\(([^)]*)\)", alert["expr"]))))
    through = re.match(r"\s*(\w+:[\w:]+)\{", alert["expr"])  # a recorded series, with the labels of its own by()
    return set() if through else used - kept


def alert_faults(alert: dict, index: str, tests: list[dict]) -> list[str]:
    name, faults = alert["alert"], []
    severity = alert.get("labels", {}).get("severity")
    if severity not in SEVERITIES:
        faults.append(f"{name}: severity {severity} is none of {sorted(SEVERITIES)}")
    missing = {"summary", "description", "runbook_url"} - set(alert.get("annotations", {}))
    if missing:
        return faults + [f"{name}: no annotation {sorted(missing)}"]
    faults += [f"{name}: label {label} is aggregated away" for label in lost_labels(alert)]
    runbook = f"docs/runbooks/{name}.md"
    if alert["annotations"]["runbook_url"] != runbook:
        faults.append(f"{name}: runbook_url must be {runbook}")
    if not (ROOT / runbook).exists():
        return faults + [f"{name}: {runbook} is missing"]
    page = (ROOT / runbook).read_text(encoding="utf-8")
    if not page.startswith(f"# {name}\n\nSeverity {severity}: "):
        faults.append(f"{runbook}: must begin with the name and 'Severity {severity}: '")
    if re.findall(r"^## (.*)$", page, re.M) != SECTIONS:
        faults.append(f"{runbook}: its sections must be {SECTIONS}")
    if f"| [{name}](runbooks/{name}.md) | {severity} |" not in index:
        faults.append(f"docs/alerts.md: no row of {name} with severity {severity}")
    fires = [t for t in tests if t["name"].startswith(f"{name} fires") and f'alertname="{name}"' in json.dumps(samples(t))
             .replace("\\", "")]
    silent = [t for t in tests if t["name"].startswith(f"{name} is silent") and not any(samples(t))]
    if not fires or not silent:
        faults.append(f"{name}: monitoring/tests needs '{name} fires ...' and '{name} is silent ...'")
    return faults


def samples(test: dict) -> list:
    return [case.get("exp_samples", []) for case in test["promql_expr_test"]]


def dashboard_faults(dashboard: dict) -> list[str]:
    faults, seen, places = [], set(), set()
    text = json.dumps(dashboard)
    if dashboard.get("uid") != "berth-overview" or "://" in text:
        faults.append("dashboard.json: the uid is berth-overview for good, and no address of a host stands in it")
    for panel in dashboard["panels"]:
        title, place = panel["title"], panel["gridPos"]
        if panel["id"] in seen:
            faults.append(f"dashboard.json: {title}: id {panel['id']} comes twice")
        seen.add(panel["id"])
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                 for y in range(place["y"], place["y"] + place["h"])}
        if cells & places or place["x"] + place["w"] > 24:
            faults.append(f"dashboard.json: {title} overlaps another panel")
        places |= cells
        if panel["type"] == "row":
            continue
        if not panel.get("description"):
            faults.append(f"dashboard.json: {title} has no description")
        for target in panel["targets"]:
            if target["datasource"]["uid"] != "${datasource}":
                faults.append(f"dashboard.json: {title}: the data source must be ${{datasource}}")
    return faults


def queries(dashboard: dict) -> list[tuple[str, str]]:
    found = []
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            expression = target["expr"]
            for variable, value in GRAFANA.items():
                expression = expression.replace(variable, value)
            found.append((panel["title"], expression))
    return found


def promtool(*arguments: str) -> str:
    """What it complains of, or ''."""
    ran = subprocess.run([PROMTOOL, *arguments], capture_output=True, text=True)
    return "" if ran.returncode == 0 else ran.stdout + ran.stderr


def parse_faults(found: list[tuple[str, str]]) -> str:
    """Dashboard queries as recording rules, which promtool parses."""
    rules = [{"record": f"query:{i}", "expr": expression, "labels": {"panel": title}}
             for i, (title, expression) in enumerate(found)]
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}, file)
        file.flush()
        return promtool("check", "rules", "--lint=none", file.name)


def self_test(alert: dict, index: str, tests: list[dict], own, others, dashboard: dict) -> None:
    def bad(faults, what: str) -> None:
        assert faults, f"monitoring.py does not notice {what}"

    assert metrics_of('sum by (a) (rate(m_total{x="y(z)"}[5m] offset 1h)) > 0.5 * on (b) group_left n') == {
        "m_total", "n"}, metrics_of('sum by (a) (rate(m_total{x="y(z)"}[5m] offset 1h)) > 0.5 * on (b) group_left n')
    bad(query_faults("x", "rate(berth_no_such_metric_total[5m])", own, others, set()), "an unknown metric")
    bad(query_faults("x", 'berth_ports{stat="available"}', own, others, set()), "an unknown label")
    bad(alert_faults(alert | {"labels": {"severity": "page"}}, index, tests), "an unknown severity")
    bad(alert_faults(alert | {"alert": "BerthNobodyWroteIt"}, index, tests), "a missing runbook")
    bad(alert_faults(alert, index, []), "an alert without tests")
    bad(lost_labels({"annotations": {"summary": "{{ $labels.range }}"}, "expr": "sum by (space) (berth_ports)"}), "a lost label")
    bad(parse_faults([("x", "sum(rate(berth_ports[5m])")]), "a query that cannot be parsed")
    bad(dashboard_faults(dashboard | {"uid": "another"}), "another uid")


def main() -> int:
    groups = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    alerts = [rule for rule in rules if "alert" in rule]
    recorded = {rule["record"] for rule in rules if "record" in rule}
    test_files = sorted((ROOT / "monitoring/tests").glob("*_test.yaml"))
    tests = [test for file in test_files for test in yaml.safe_load(file.read_text(encoding="utf-8"))["tests"]]
    dashboard = json.loads((ROOT / "monitoring/dashboard.json").read_text(encoding="utf-8"))
    index = (ROOT / "docs/alerts.md").read_text(encoding="utf-8")
    own, others = documented((ROOT / "docs/metrics.md").read_text(encoding="utf-8"))

    self_test(alerts[0], index, tests, own, others, dashboard)
    faults = dashboard_faults(dashboard)
    names = [alert["alert"] for alert in alerts]
    faults += [f"{name} comes twice" for name in set(names) if names.count(name) > 1]
    for alert in alerts:
        faults += alert_faults(alert, index, tests)
    for page in (ROOT / "docs/runbooks").glob("*.md"):
        if page.stem not in names:
            faults.append(f"docs/runbooks/{page.name}: there is no such alert")

    asked = [(rule.get("alert") or rule["record"], rule["expr"]) for rule in rules] + queries(dashboard)
    for where, expression in asked:
        faults += query_faults(where, expression, own, others, recorded)
    used = {base(name, own, others) for _, expression in asked for name in metrics_of(expression)}
    faults += [f"docs/metrics.md: nothing uses {name}" for name in others - used]
    code = in_code()
    faults += [f"{name} is in the code and not in docs/metrics.md" for name in code - set(own)]
    faults += [f"docs/metrics.md: {name} is not in the code" for name in set(own) - code]
    for page in [ROOT / "README.md", ROOT / "monitoring/README.md", *(ROOT / "docs").rglob("*.md")]:
        for name in re.findall(r"\bberth_[a-z0-9_]+", page.read_text(encoding="utf-8")):
            if not any(known.startswith(name) for known in own):
                faults.append(f"{page.relative_to(ROOT)}: there is no metric {name}")

    faults += filter(None, [promtool("check", "rules", str(ALERTS)), parse_faults(queries(dashboard)),
                            promtool("test", "rules", *map(str, test_files))])
    for fault in faults:
        print(fault, file=sys.stderr)
    if not faults:
        print(f"monitoring: {len(alerts)} alerts, {len(tests)} tests of them, {len(queries(dashboard))} queries, "
              f"{len(own)} metrics")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
