"""Markdown as repositories show it (CommonMark), written so that Python-Markdown, which MkDocs uses, reads the same:
what belongs to an entry of a list is indented by four, and a list that follows a text has a blank line before it.
"""

import re
from collections.abc import Callable

FENCE = re.compile(r"^(\s*)(`{3,}|~{3,})")
ENTRY = re.compile(r"^(\s*)([-*+]|\d{1,3}[.)])(\s+)(?=\S)")
CODE = re.compile(r"(`+)(?:(?!\1).)+?\1", re.S)


def blocks(text: str) -> list[tuple[bool, str]]:
    """(is it in a fence?, lines) in turns."""
    found: list[tuple[bool, list[str]]] = [(False, [])]
    fence = ""
    for line in text.split("\n"):
        mark = FENCE.match(line)
        if not fence and mark:
            fence = mark[2]
            found.append((True, [line]))
        elif fence:
            found[-1][1].append(line)
            if mark and mark[2].startswith(fence) and line.strip() == mark[2]:
                fence = ""
                found.append((False, []))
        else:
            found[-1][1].append(line)
    return [(fenced, "\n".join(lines)) for fenced, lines in found]


def outside_code(text: str, change: Callable[[str], str]) -> str:
    """`change` applied to what is neither in a fence nor in backticks; it must keep the number of lines."""

    def between(part: str) -> str:
        pieces, at = [], 0
        for code in CODE.finditer(part):
            # The text of a link may be code: [`a`](b). So the code is hidden, and not cut out.
            pieces += [part[at:code.start()], "\0" * len(code.group())]
            at = code.end()
        hidden = "".join(pieces) + part[at:]
        kept = [code.group() for code in CODE.finditer(part)]
        return re.sub("\0+", lambda _: kept.pop(0), change(hidden))

    return "\n".join(lines if fenced else between(lines) for fenced, lines in blocks(text))


def as_python_markdown(text: str) -> str:
    result: list[str] = []
    columns: list[int] = []  # where the content of each open entry begins
    blank = True
    for fenced, block in blocks(text):
        lines = block.split("\n")
        if fenced:
            indent = len(lines[0]) - len(lines[0].lstrip())
            while columns and indent < columns[-1]:
                columns.pop()
            base = columns[-1] if columns else 0
            if not blank:
                result.append("")
            result += [" " * 4 * len(columns) + line[min(base, len(line) - len(line.lstrip())):] if line.strip() else ""
                       for line in lines]
            blank = False
            continue
        for line in lines:
            if not line.strip():
                result.append("")
                blank = True
                continue
            indent = len(line) - len(line.lstrip())
            entry = ENTRY.match(line)
            while columns and indent < columns[-1] and (blank or entry):
                columns.pop()
            lazy = bool(columns) and not blank and not entry and indent < columns[-1]
            depth = len(columns)
            body = line.strip() if lazy else line[min(columns[-1] if columns else 0, indent):]
            before = result[-1] if result else ""
            if entry and not blank and not ENTRY.match(before) and not is_in_list(result):
                result.append("")
            if entry:
                columns.append(len(entry.group()))
                body = body.lstrip()
                marker = ENTRY.match(body)
                body = f"{marker[2]} {body[marker.end():]}"
            result.append(" " * 4 * depth + body)
            blank = False
    return "\n".join(result)


def is_in_list(result: list[str]) -> bool:
    """The paragraph that the last line belongs to is an entry's."""
    for line in reversed(result):
        if not line.strip():
            return False
        if ENTRY.match(line):
            return True
    return False
