#!/usr/bin/env python3
"""Enforces docs/architecture.md on every #include: who may see whom, which folder owns which third party, and that
a source includes its own header first.

It proves that it can fail: each known-bad include below must be found.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# folder -> folders it may include (itself is always allowed). The longest matching prefix is a file's folder.
ALLOWED = {
    "core/base": [],
    "core/model": ["core/base"],
    "core/allocation": ["core/model", "core/base"],
    "core/exposure": ["core/model", "core/base"],
    "core/wall": ["core/exposure", "core/model", "core/base"],
    "core/desired": ["core/allocation", "core/model", "core/base"],
    "core": ["core/base", "core/model", "core/allocation", "core/exposure", "core/wall",
             "core/desired"],
    "kube/json": ["core/base", "core/model"],
    "kube/yaml": ["core/base"],
    "kube/http": ["core/base"],
    "kube/wire": ["core/base", "core/model", "kube/json", "kube/http"],
    "kube/adapters": ["core/base", "core/model", "kube/json", "kube/yaml"],
    "kube/daemon": ["core/base", "kube/http"],
    "kube/client": ["core/base", "core/model", "kube/json", "kube/yaml", "kube/wire", "kube/http"],
    "kube/runtime": ["core/base", "core/model", "kube/json", "kube/wire", "kube/http", "kube/client"],
    "kube/testing": ["core/base", "core/model", "kube/json", "kube/wire", "kube/http", "kube/client", "kube/runtime"],
    "operator": ["core", "kube"],
    "cluster": ["core", "kube"],
    "webhook": ["core", "kube", "cluster"],
    "cli": ["core", "kube", "cluster"],
    "fuzz": ["core", "kube", "webhook", "cli"],
    "bench": ["core", "kube", "cluster", "webhook", "operator", "cli"],
}
# kube/testing is for tests only; tests may reach it from any folder above core.
TEST_ONLY = "kube/testing"

# third-party header prefix -> folders that own it
OWNERS = {
    "boost/": ["kube/http", "bench"],
    "openssl/": ["kube/http"],
    "simdjson": ["kube/json"],
    "rapidjson/": ["kube/json"],
    "yaml-cpp/": ["cli", "kube/yaml"],
    "prometheus/": ["kube/daemon"],
    "spdlog/": ["kube/daemon"],
    "CLI/": ["cli", "operator", "webhook"],
    "cpprest/": ["bench"],
    "benchmark/": ["bench"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]')


def folder_of(path: str) -> str:
    """The most specific known folder that a file or an included header lies in."""
    known = [f for f in ALLOWED if path.startswith(f + "/")]
    return max(known, key=len) if known else ""


def fault(path: str, header: str) -> str:
    """Why `path` may not include `header`, or ''."""
    here, there = folder_of(path), folder_of(header)
    test = path.endswith("_test.cpp") or "/testing/" in path
    if there:
        if there == here:
            return ""
        if there == TEST_ONLY and not test:
            return f"{TEST_ONLY} is for tests only"
        if there == TEST_ONLY and not here.startswith("core"):
            return ""
        grants = ALLOWED[here]
        if any(there == g or (g in ("core", "kube") and there.startswith(g)) for g in grants):
            return ""
        return f"{here} must not see {there}"
    for prefix, owners in OWNERS.items():
        if header.startswith(prefix) and not any(here == o or here.startswith(o + "/") for o in owners):
            return f"<{prefix}> belongs to {', '.join(owners)}"
    return ""


def order_fault(path: str, header: str, own: str) -> str:
    """Why `header` may not be the first include of the source `path` whose own header is `own`, or ''."""
    return "" if header == own else f"{path} must include {own} first: that proves that it compiles alone"


def self_test() -> None:
    bad = [
        ("core/base/port.h", "core/model/meta.h"),
        ("core/plan.cpp", "kube/json/codec.h"),
        ("core/exposure/graph.cpp", "core/allocation/ledger.h"),
        ("kube/http/server.cpp", "kube/wire/kind.h"),
        ("kube/client/client.h", "kube/runtime/store.h"),
        ("operator/main.cpp", "webhook/app.h"),
        ("operator/app.cpp", "kube/testing/fake_api_server.h"),
        ("kube/wire/request.cpp", "simdjson.h"),
        ("cli/lint.cpp", "boost/asio.hpp"),
    ]
    for path, header in bad:
        assert fault(path, header), f"layering.py does not notice {path} -> {header}"
    assert order_fault("core/plan.cpp", "core/admission.h", "core/plan.h"), "layering.py does not notice the order"
    good = [("operator/app.cpp", "core/plan.h"), ("kube/runtime/store_test.cpp", "kube/testing/builders.h")]
    for path, header in good:
        assert not fault(path, header), f"layering.py wrongly refuses {path} -> {header}"


def main() -> int:
    self_test()
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.h", "*.cpp"],
        cwd=ROOT, check=True, capture_output=True, text=True)
    faults = 0
    for path in listing.stdout.split():
        if not (ROOT / path).exists():
            continue
        own = path.removesuffix(".cpp") + ".h"
        first = path.endswith(".cpp") and (ROOT / own).exists()
        for number, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), 1):
            match = INCLUDE.match(line)
            why = fault(path, match.group(1)) if match else ""
            if match and first:
                why = why or order_fault(path, match.group(1), own)
                first = False
            if why:
                print(f"{path}:{number}: {match.group(1)}: {why}", file=sys.stderr)
                faults += 1
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
