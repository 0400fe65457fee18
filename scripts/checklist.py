#!/usr/bin/env python3
"""Writes into docs/security-checklist.md, below each item, the tests that bear its id in their doc line.

The words of the items are written by hand in that file; only the lines below them are made here.
usage: scripts/checklist.py [--check]    --check changes nothing and fails where the file is out of date
"""

import collections
import pathlib
import re
import subprocess
import sys

CHECKLIST = pathlib.Path("docs/security-checklist.md")
ITEM = re.compile(r"^- \*\*(?P<id>[^*]+)\*\* ")
DOCUMENTED_TEST = re.compile(
    r"(?P<doc>(?:[ \t]*///[^\n]*\n)+)(?P<attributes>(?:[ \t]*#\[[^\n]*\n)*)[ \t]*(?:async )?fn (?P<name>\w+)"
)
# `fault 7`, `faults 7, 8 and 11`, `oddity 3`, `trust rule 6`: the word counts for every number after it.
NUMBERED = re.compile(r"(?i)\b(fault|oddit|rule)(?:y|ies|s)? ((?:\d+(?:, | and )?)+)")
LETTERED = re.compile(r"\b([A-H]\d{1,2}b?|V\d{1,2})\b")
WORDS = {"fault": "fault", "oddit": "oddity", "rule": "rule"}


def sources():
    patterns = ["crates/*.rs", "tests/*.rs", "src-tauri/*.rs"]
    listed = subprocess.check_output(["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns], text=True)
    return [path for path in map(pathlib.Path, listed.split()) if path.exists()]


def ids(doc):
    yield from LETTERED.findall(doc)
    for word, numbers in NUMBERED.findall(doc):
        for number in re.findall(r"\d+", numbers):
            yield f"{WORDS[word.lower()]} {number}"


def tests_by_id():
    found = collections.defaultdict(set)
    for path in sources():
        text = path.read_text()
        for match in DOCUMENTED_TEST.finditer(text):
            # Inside `proptest!` the attribute may be missing.
            in_proptest = "proptest!" in text[max(0, match.start() - 200) : match.start()]
            if "test" in match["attributes"] or in_proptest:
                for item in ids(match["doc"]):
                    found[item].add(match["name"])
    return found


def written_anew(text, tests):
    lines, held = [], 0
    for line in text.splitlines():
        if line.startswith("  Held by ") or line == "  Open.":
            continue
        lines.append(line)
        item = ITEM.match(line)
        if not item:
            continue
        names = sorted(tests.get(item["id"], ()))
        held += bool(names)
        lines.append("  Held by " + ", ".join(f"`{name}`" for name in names) + "." if names else "  Open.")
    return "\n".join(lines) + "\n", held


def main():
    before = CHECKLIST.read_text()
    after, held = written_anew(before, tests_by_id())
    items = sum(bool(ITEM.match(line)) for line in after.splitlines())
    if "--check" in sys.argv[1:]:
        if before != after:
            sys.exit(f"{CHECKLIST} is out of date: make checklist")
        return
    CHECKLIST.write_text(after)
    print(f"{held} of {items} items held, {items - held} open")


main()
