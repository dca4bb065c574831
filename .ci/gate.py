"""Compares a run's summary with the committed baseline: every mean must be equal to 1e-9.

The offline runs are deterministic, so any difference is a change of behaviour: either a fault or
something to be committed on purpose with `--update`.
"""

import json
import sys

METRICS = ["f1.locomo", "evidence.recall@10", "evidence.recall@30", "evidence.recall@1024tokens", "evidence.context"]


def digest(path):
    with open(path, encoding="utf-8") as file:
        summary = json.load(file)
    rows = {}
    for variant in summary["variants"]:
        row = {"failed": variant["failed"]}
        if variant["tokens"] and variant["tokens"]["cl100k"] is not None:
            row["tokens"] = round(variant["tokens"]["cl100k"], 6)
        for metric in METRICS:
            mean = variant["scores"].get(metric, {}).get("1-4")
            row[metric] = None if mean is None else round(mean["mean"], 9)
        rows[variant["name"]] = row
    return rows


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--update"]
    current = digest(arguments[0])
    if "--update" in sys.argv:
        with open(arguments[1], "w", encoding="utf-8") as file:
            json.dump(current, file, indent=1)
            file.write("\n")
        return
    with open(arguments[1], encoding="utf-8") as file:
        baseline = json.load(file)
    changed = []
    for name in sorted(set(baseline) | set(current)):
        old, new = baseline.get(name, {}), current.get(name, {})
        for key in sorted(set(old) | set(new)):
            was, now = old.get(key), new.get(key)
            same = was == now or (
                isinstance(was, float) and isinstance(now, float) and abs(was - now) < 1e-6
            )
            if not same:
                changed.append(f"{name}: {key}: {was} in the baseline, now {now}")
    if changed:
        print("\n".join(changed))
        print(f"if this is meant: python3 .ci/gate.py SUMMARY {arguments[1]} --update")
        sys.exit(1)
    print(f"{arguments[1]}: {len(baseline)} variants as in the baseline")


main()
