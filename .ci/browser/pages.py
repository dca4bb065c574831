"""Pages of real data: `pages.py MEMGAUGE DATA LOCOMO_RUN TO`. One of six systems on all of LOCOMO, which has to stay
below its limit, and one of two imported files, judged, without memories or timings, under errata of the answer key."""

import subprocess
import sys
import tempfile
from pathlib import Path

SIX = ["full-context", "rag", "turns-lexical", "turns-hybrid", "observations", "mem0-rules"]
FILES = [
    "evermemos-format_fullcontext_gpt-4o-mini.json",
    "evermemos-format_fullcontext_gpt-4o-mini-reasoning.json",
]
ERRATA = "locomo-audit-errors.json"
LIMIT = 3_000_000

memgauge, data, run, to = sys.argv[1:]
to = Path(to)


def report(name, arms, *more):
    page = to / f"{name}.html"
    subprocess.run([memgauge, "report", *arms, *more, "-o", page], check=True)
    size = page.stat().st_size
    if size > LIMIT:
        sys.exit(f"{page}: {size} bytes, more than {LIMIT}")
    return page


locomo = report("locomo", [f"{run}:{name}" for name in SIX])
# The words are there, once.
assert locomo.stat().st_size > 1_000_000, "a page of LOCOMO holds its conversations"
with tempfile.TemporaryDirectory() as folder:
    for file in FILES:
        subprocess.run(
            [memgauge, "--quiet", "import", Path(data) / "fixtures" / file, "--out", folder],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    report("imported", sorted(Path(folder).iterdir()), "--errata", Path(data) / "fixtures" / ERRATA)
