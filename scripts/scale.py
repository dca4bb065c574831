#!/usr/bin/env python3
"""How the cost of a run grows with the number of conversations.

    python3 scripts/scale.py [--memgauge FILE] [--conversations 10 100 1000] [--turns 588] [--questions 10]
                             [--within 20] [--most-mib 2048]

Generates a dataset of each size, runs experiments/scale.toml on it (everything offline) and prints a table:
wall time, processor time (user and system, all threads), peak resident memory, and the processor time that
each conversation adds to the smallest size, which is what start and end of a run cost. Fails when that
differs between sizes by more than --within percent, or memory exceeds --most-mib. Each size is run --rounds
times; the fastest counts.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def measured(command):
    """Wall seconds, processor seconds and peak MiB of a command."""
    start = time.monotonic()
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: exit code {child.returncode}")
    wall = time.monotonic() - start
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--memgauge", default=str(ROOT / "target/release/memgauge"))
    options.add_argument("--conversations", type=int, nargs="+", default=[10, 100, 1000])
    options.add_argument("--turns", type=int, default=588)
    options.add_argument("--questions", type=int, default=10)
    options.add_argument("--rounds", type=int, default=1)
    options.add_argument("--within", type=float, default=20.0)
    options.add_argument("--most-mib", type=float, default=2048.0)
    given = options.parse_args()
    sizes = sorted(given.conversations)
    if len(sizes) < 2:
        sys.exit("--conversations: give at least two sizes")
    sessions = min(27, given.turns)
    head = ["conversations", "memories", "questions", "dataset MB", "wall s", "processor s", "peak MiB",
            "ms per added conversation", "run directory MB"]
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head), flush=True)
    base, added, peaks = None, [], []
    for size in sizes:
        folder = Path(tempfile.mkdtemp(prefix="memgauge-scale-"))
        try:
            data = folder / "generated.json"
            subprocess.run(
                [given.memgauge, "--quiet", "dataset", "generate", "--conversations", str(size), "--turns",
                 str(given.turns), "--sessions", str(sessions), "--questions", str(given.questions),
                 "--seed", "1", "--out", str(data)],
                cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
            rounds = []
            for number in range(given.rounds):
                out = folder / f"runs{number}"
                rounds.append(measured([given.memgauge, "--quiet", "run", "experiments/scale.toml", "--dataset",
                                        str(data), "--out", str(out)]))
            wall, processor, _ = min(rounds, key=lambda round: round[1])
            peak = max(round[2] for round in rounds)
            files = [file for file in (folder / "runs0").rglob("*") if file.is_file()]
            disk = sum(file.stat().st_size for file in files) / 1e6
            each = None
            if base is None:
                base = (size, processor)
            else:
                each = (processor - base[1]) / (size - base[0]) * 1000
                added.append(each)
            peaks.append(peak)
            row = [f"{size:,}", f"{size * given.turns:,}", f"{size * given.questions:,}",
                   f"{data.stat().st_size / 1e6:.1f}", f"{wall:.1f}", f"{processor:.1f}", f"{peak:.0f}",
                   "-" if each is None else f"{each:.1f}", f"{disk:.1f}"]
            print("| " + " | ".join(row) + " |", flush=True)
        finally:
            shutil.rmtree(folder)
    # Sizes too small to measure can seem to cost nothing.
    spread = (max(added) / max(min(added), 0.001) - 1) * 100
    print(f"\ncost per added conversation: within {spread:.0f} %; peak memory {max(peaks):.0f} MiB")
    if spread > given.within:
        sys.exit(f"more than {given.within:.0f} % apart")
    if max(peaks) > given.most_mib:
        sys.exit(f"more than {given.most_mib:.0f} MiB")


if __name__ == "__main__":
    main()
