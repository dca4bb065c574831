"""Replays a committed cassette of a real model and compares the run with the committed digests.

    python3 .ci/replay.py MEMGAUGE CONFIG CASSETTE OUT [--update]

No request may be missed, nothing but the cassette may answer, and records and journal must be byte-identical. The digests
stand beside the cassette, in a file that `sha256sum` reads too; `--update` writes them.
"""

import collections
import hashlib
import json
import pathlib
import subprocess
import sys
import time

MOST_SECONDS = 60
LEAST_USABLE = 0.6
FILES = ["ingest.jsonl", "records.jsonl"]
# 3 = finished, with failures that are outcomes: a small model sometimes cannot be read.
FINISHED = (0, 3)


def replay(memgauge, config, cassette, out):
    """Runs with an empty environment: no key, no cache of the user's."""
    command = [memgauge, "--quiet", "run", config, "--traffic", "replay", "--cassette", cassette, "--out", out]
    start = time.monotonic()
    done = subprocess.run(command, env={}, timeout=MOST_SECONDS, stdout=subprocess.DEVNULL, check=False)
    if done.returncode not in FINISHED:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}")
    (run,) = pathlib.Path(out).iterdir()
    return run, time.monotonic() - start


def calls_of(run):
    with open(run / "calls.jsonl", encoding="utf-8") as file:
        calls = [json.loads(line) for line in file]
    if not calls:
        sys.exit(f"{run}: no calls: nothing was replayed")
    missed = [call["request"] for call in calls if call.get("error") == "not-recorded"]
    if missed:
        sys.exit(f"{run}: {len(missed)} requests are not in the cassette, such as {missed[0]}")
    elsewhere = collections.Counter(call["traffic"] for call in calls if call["traffic"] != "cassette")
    if elsewhere:
        sys.exit(f"{run}: calls that the cassette did not answer: {dict(elsewhere)}")
    return calls


def usable_share(calls):
    """Of the chat replies, those that could be used as what was asked for."""
    replies = [call for call in calls if call["kind"] == "chat" and call["outcome"] != "failed"]
    usable = [call for call in replies if call["outcome"] in ("usable", "truncated")]
    return len(usable), len(replies)


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main():
    memgauge, config, cassette, out = [argument for argument in sys.argv[1:] if argument != "--update"]
    run, seconds = replay(memgauge, config, cassette, out)
    calls = calls_of(run)
    usable, replies = usable_share(calls)
    share = f"{usable} of {replies} chat replies usable ({usable / replies:.0%})"
    if usable < LEAST_USABLE * replies:
        sys.exit(f"{cassette}: only {share}")
    current = "".join(f"{digest(run / name)}  {name}\n" for name in FILES)
    committed = pathlib.Path(cassette.removesuffix(".jsonl.gz") + ".sha256")
    if "--update" in sys.argv:
        committed.write_text(current, encoding="utf-8")
    elif current != committed.read_text(encoding="utf-8"):
        sys.exit(f"{run}: not what {committed} says:\n{current}if this is meant: the same command with --update")
    print(f"{cassette}: {len(calls)} calls in {seconds:.1f} s, {share}; {' and '.join(FILES)} as committed")


main()
