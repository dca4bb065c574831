"""Checks a run with systems from outside: every question answered, nothing restarted, all measured.

    python3 .ci/external.py RUN VARIANT...
"""
import json
import sys
from pathlib import Path


def rows(run: Path, name: str) -> list[dict]:
    return [json.loads(line) for line in (run / name).read_text().splitlines()]


def main(run: Path, variants: list[str]) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    records, timings = rows(run, "records.jsonl"), rows(run, "timings.jsonl")
    for variant in variants:
        own = [record for record in records if record["variant"] == variant]
        assert len(own) == manifest["dataset"]["questions"], f"{variant}: {len(own)} records"
        failed = [record for record in own if record["outcome"] != "answered"]
        assert not failed, f"{variant}: {failed[0]}"
        assert not any("external:restart" in record["counters"] for record in own), f"{variant}: restarted"
        traced = [record["retrieval"] for record in own if record["evidence"]]
        assert traced and all(traced), f"{variant}: evidence unknown"
        recall = sum(scores["live"]["turn"]["recall"][2] for scores in traced) / len(traced)
        assert recall > 0.2, f"{variant}: recall@10 {recall:.3f}"
        times = [row["ms"] for row in timings if row["variant"] == variant and row["phase"] == "search"]
        assert len(times) == len(own) and all(times), f"{variant}: not measured"
        said = ", ".join(manifest["systems"][variant])
        print(f"{variant} ({said}): {len(own)} answered, recall@10 {recall:.3f}, median search {sorted(times)[len(times) // 2]:.2f} ms")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
