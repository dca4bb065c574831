"""Writes the README's tables from finished runs: python3 .ci/readme.py QUICKSTART_RUN LOCOMO_RUN.

With --check nothing is written; the tables' deterministic columns must be equal (latencies differ from run to run).
"""

import pathlib
import re
import sys

README = pathlib.Path(__file__).resolve().parent.parent / "README.md"
LATENCY = ["search p50", "p95", "p99 ms"]


TABLES = ["table", "evidence"]


def first_tables(run):
    """As many tables of the report as the README shows of it, in their order."""
    lines = (pathlib.Path(run) / "report.md").read_text(encoding="utf-8").splitlines()
    tables, before = [], False
    for line in lines:
        if line.startswith("|"):
            if not before:
                tables.append([])
            tables[-1].append([cell.strip() for cell in line.strip("|").split("|")])
        before = line.startswith("|")
    return tables[: len(TABLES)]


def markdown(rows):
    rows = [row for index, row in enumerate(rows) if index != 1]
    head, body = rows[0], rows[1:]
    rule = ["---"] + ["--:"] * (len(head) - 1)
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *body])


def without_latency(rows):
    keep = [index for index, name in enumerate(rows[0]) if name not in LATENCY]
    return [[row[index] for index in keep] for row in rows if not set("".join(row)) <= set("-: ")]


def current(text, marker):
    match = re.search(rf"<!-- {marker} -->\n((?:\|.*\n)*)", text)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in match[1].splitlines()]


def main():
    check = "--check" in sys.argv
    runs = [argument for argument in sys.argv[1:] if argument != "--check"]
    text = README.read_text(encoding="utf-8")
    shown = [
        (f"{name} {table}", rows)
        for name, run in zip(["quickstart", "locomo"], runs)
        for table, rows in zip(TABLES, first_tables(run))
    ]
    for marker, rows in shown:
        if check:
            if without_latency(current(text, marker)) != without_latency(rows):
                sys.exit(f"README.md: the {marker} is out of date: python3 .ci/readme.py RUN RUN")
        else:
            text = re.sub(
                rf"<!-- {marker} -->\n(?:\|.*\n)*",
                lambda _: f"<!-- {marker} -->\n{markdown(rows)}\n",
                text,
            )
    if not check:
        README.write_text(text, encoding="utf-8")


main()
