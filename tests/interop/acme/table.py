# SPDX-License-Identifier: Apache-2.0
"""The table client x feature of docs/acme.md, made by a run of all cells."""
import re

import client
import world

PAGE = world.HERE.parents[2] / "docs" / "acme.md"
BEGIN, END = "<!-- table of clients: begin -->", "<!-- table of clients: end -->"


def made(rows):
    lines = ["| client | " + " | ".join(client.FEATURES.values()) + " |",
             "| --- |" + " :-: |" * len(client.FEATURES)]
    for row in rows:
        marks = []
        for feature in client.FEATURES:
            cell = row.cells.get(feature)
            marks.append("–" if cell is None else "✓" if cell.good else "fails")
        lines.append(f"| {row.name} {row.version} | " + " | ".join(marks) + " |")
    lines += ["", "– What a client cannot do:", ""]
    for row in rows:
        reasons = {}
        for feature in client.FEATURES:
            if feature in row.kind.cannot:
                reasons.setdefault(row.kind.cannot[feature], []).append(client.FEATURES[feature])
        told = "; ".join(f"{', '.join(f)}: {why}" for why, f in reasons.items())
        lines.append(f"- {row.name}: {told}.")
    return "\n".join(lines)


def unversioned(text):
    """A security update of Debian's does not make the page wrong."""
    return re.sub(r"(?m)^\| (\S+) \S* *\|", r"| \1 |", text)


def take(rows, write):
    """Writes the table, or says how the page's differs."""
    if not PAGE.is_file():
        return f"{PAGE.name} is not there"
    text = PAGE.read_text()
    head, begin, rest = text.partition(BEGIN)
    old, end, tail = rest.partition(END)
    if not begin or not end:
        return f"{PAGE.name} has not the lines {BEGIN} and {END}"
    new = f"\n{made(rows)}\n"
    if write:
        PAGE.write_text(head + BEGIN + new + END + tail)
    elif unversioned(old) != unversioned(new):
        return f"the table of {PAGE.name} is not what this run found: run with --write-table"
    return None
