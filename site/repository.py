"""Brings what docs/ links to outside of itself onto the site: a file as a page that shows it, a folder (also of docs/) as
a page that lists it, Markdown as itself. So one link serves the repository and the site, and nothing is copied in the tree.

A hook of MkDocs (mkdocs.yml). A link to what is not there is a warning, which fails a strict build.
"""

import logging
import pathlib
import posixpath
import re

from mkdocs.structure.files import File

from commonmark import as_python_markdown, outside_code

ROOT = pathlib.Path(__file__).resolve().parents[1]
DOCS = "docs"
OUTSIDE = "repository"  # where on the site stands what is outside of docs/
LANGUAGES = {".yaml": "yaml", ".yml": "yaml", ".json": "json", ".lua": "lua", ".h": "cpp", ".cpp": "cpp", ".go": "go",
             ".py": "python", ".pml": "c", ".sh": "bash", ".txt": "text"}
LINK = re.compile(r"(?P<open>\]\()(?P<target>[^)\s]+)(?P<close>[^)]*\))|(?P<ref>^\[[^\]]+\]:\s+)(?P<address>\S+)", re.M)
log = logging.getLogger("mkdocs.hooks.repository")


def is_elsewhere(target: str) -> bool:
    return target.startswith("#") or "://" in target or target.startswith("mailto:")


def page_of(path: str) -> str:
    """Where on the site a path of the repository is."""
    if path == DOCS or path.startswith(DOCS + "/"):
        inside = path[len(DOCS) + 1:]
        return inside if (ROOT / path).is_file() else posixpath.join(inside, "index.md")
    if (ROOT / path).is_dir():
        return posixpath.join(OUTSIDE, path, "README.md")
    return posixpath.join(OUTSIDE, path if path.endswith(".md") else path + ".md")


def path_of(page: str) -> str:
    """The path in the repository of a page of the site, for which its links are meant."""
    if not page.startswith(OUTSIDE + "/"):
        return posixpath.join(DOCS, page)
    path = page[len(OUTSIDE) + 1:]
    if (ROOT / path).exists() or path.endswith("/README.md"):
        return path
    return path.removesuffix(".md")


def targets(path: str, text: str) -> list[str]:
    """Paths of the repository that a text leads to, without fragments."""
    found = []

    def collect(part: str) -> str:
        for match in LINK.finditer(part):
            target = match["target"] or match["address"]
            if not is_elsewhere(target) and target.partition("#")[0]:
                found.append(posixpath.normpath(posixpath.join(posixpath.dirname(path), target.partition("#")[0])))
        return part

    outside_code(text, collect)
    return found


def shown(path: str) -> str:
    """The page of a file or folder outside of docs/."""
    place = ROOT / path
    if place.is_dir():
        if (place / "README.md").exists():
            return (place / "README.md").read_text(encoding="utf-8")
        entries = sorted(place.iterdir(), key=lambda entry: (entry.is_file(), entry.name))
        return f"# {path}\n\n" + "".join(f"- [{entry.name}{'/' if entry.is_dir() else ''}]({entry.name})\n"
                                         for entry in entries if not entry.name.startswith("."))
    text = place.read_text(encoding="utf-8")
    if path.endswith(".md"):
        return text
    fence = "````"
    return f"# {path}\n\n{fence}{LANGUAGES.get(place.suffix, 'text')}\n{text.rstrip()}\n{fence}\n"


def tracked(path: str) -> bool:
    """Not something that was built or belongs to somebody else."""
    return not path.startswith("..") and path.split("/")[0] not in ("build", ".git") and (ROOT / path).exists()


def on_files(files, config):
    texts = {path_of(file.src_uri): pathlib.Path(file.abs_src_path).read_text(encoding="utf-8")
             for file in files.documentation_pages()}
    nav = [page for page in pages_of_nav(config["nav"]) if page.startswith(OUTSIDE + "/")]
    waiting = [target for path, text in texts.items() for target in targets(path, text)] + [path_of(page) for page in nav]
    seen = set()
    while waiting:
        path = waiting.pop()
        if path.endswith("/README.md"):
            path = posixpath.dirname(path)  # one page for a folder and its README
        inside = path == DOCS or path.startswith(DOCS + "/")
        if path in seen or not tracked(path) or (inside and not (ROOT / path).is_dir()):
            continue
        seen.add(path)
        if (ROOT / path / "index.md").exists():
            continue
        text = shown(path)
        files.append(File.generated(config, page_of(path), content=text))
        waiting += targets(posixpath.join(path, "README.md") if (ROOT / path).is_dir() else path, text)
    return files


def pages_of_nav(nav) -> list[str]:
    if isinstance(nav, str):
        return [nav]
    entries = nav.values() if isinstance(nav, dict) else nav
    return [page for entry in entries for page in pages_of_nav(entry)]


def on_page_markdown(markdown, page, config, files):
    path = path_of(page.file.src_uri)

    def rewrite(match: re.Match) -> str:
        target = match["target"] or match["address"]
        place, mark, fragment = target.partition("#")
        if is_elsewhere(target) or not place:
            return match.group()
        wanted = posixpath.normpath(posixpath.join(posixpath.dirname(path), place))
        if not tracked(wanted):
            log.warning("%s links to %s, which is not there", path, target)
            return match.group()
        if wanted.endswith("/README.md") and not wanted.startswith(DOCS + "/"):
            wanted = posixpath.dirname(wanted)
        there = posixpath.relpath(page_of(wanted), posixpath.dirname(page.file.src_uri) or ".") + mark + fragment
        return f"{match['open']}{there}{match['close']}" if match["target"] else f"{match['ref']}{there}"

    return as_python_markdown(outside_code(markdown, lambda part: LINK.sub(rewrite, part)))
