"""Reads what `memgauge gate` wrote in every format with what those who read it use, and holds it against its JSON.

    VALIDATORS/python .ci/gate/outputs.py FOLDER

FOLDER holds gate.json, gate.xml (JUnit), annotations.txt, bencher.json, bigger.json, smaller.json and summary.md. The schemas
of the JSON formats are checked apart, by check-jsonschema.
"""

import json
import sys
from pathlib import Path

from junitparser import Error, Failure, JUnitXml, Skipped


def main(folder: Path) -> None:
    report = json.loads((folder / "gate.json").read_text())
    checks, refused = report["checks"], report["incomparable"]

    suites = JUnitXml.fromfile(str(folder / "gate.xml"))
    cases = [case for suite in suites for case in suite]
    assert len(cases) == len(checks) + len(refused), f"{len(cases)} cases"
    kinds = [type(result) for case in cases for result in case.result]
    tripping = [check for check in checks if check["trips"]]
    told = [check for check in checks if check["verdict"] == "underpowered" and not check["trips"]]
    assert kinds.count(Failure) == len(tripping), kinds
    assert kinds.count(Error) == len(refused), kinds
    assert kinds.count(Skipped) == len(told), kinds
    assert suites.failures == len(tripping) and suites.errors == len(refused) and suites.tests == len(cases)

    lines = (folder / "annotations.txt").read_text().splitlines()
    assert lines and all(line.startswith(("::error title=", "::warning title=", "::notice title=")) for line in lines), lines
    errors = sum(line.startswith("::error") for line in lines)
    assert errors == len(tripping) + len(refused) + (report["outcome"] != "passed"), lines

    measured = [check for check in checks if check["current"] is not None]
    bencher = json.loads((folder / "bencher.json").read_text())
    assert sum(len(measures) for measures in bencher.values()) == len(measured), bencher
    entries = [entry for name in ("bigger", "smaller") for entry in json.loads((folder / f"{name}.json").read_text())]
    assert len(entries) == len(measured) and len({entry["name"] for entry in entries}) == len(entries)

    summary = (folder / "summary.md").read_text()
    assert report["outcome"] in summary and summary.count("\n| ") >= len(checks), summary
    print(f"{folder.name}: {report['outcome']}, {len(cases)} test case(s), {len(lines)} annotation(s), all formats agree")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
