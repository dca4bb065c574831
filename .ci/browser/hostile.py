"""A run in which every text is hostile: `hostile.py dataset IN OUT` writes a dataset with markup in each of its texts,
`hostile.py names RUN` gives a run directory and its variants names of markup, and its answers a judge who replies so."""

import json
import sys
from pathlib import Path

HOSTILE = (
    "</script></style><img data-owned src=x onerror=\"window.owned=1\">"
    "<script data-owned>window.owned=1</script><svg data-owned onload=window.owned=1>{{7*7}}&lt;<!--"
)
# Keys whose values are ids or times that have to stay what they are.
KEPT = {"dia_id", "evidence", "sample_id", "category", "img_url"}


def hostile(value, key=""):
    if isinstance(value, dict):
        return {name: hostile(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [hostile(inner, key) for inner in value]
    is_kept = key in KEPT or key.endswith("date_time")
    return value if is_kept or not isinstance(value, str) else f"{value} {HOSTILE}"


def renamed(value, names):
    if isinstance(value, dict):
        return {names.get(name, name): renamed(inner, names) for name, inner in value.items()}
    if isinstance(value, list):
        return [renamed(inner, names) for inner in value]
    return names.get(value, value) if isinstance(value, str) else value


def rename(run):
    manifest = json.loads((run / "manifest.json").read_text())
    plain = [manifest["name"], *(variant["name"] for variant in manifest["variants"])]
    names = {name: f"{name} {HOSTILE}" for name in plain}
    judgement = {"run": 0, "label": True, "score": None, "reply": HOSTILE, "request": "none", "error": None}
    for name in ("manifest.json", "summary.json"):
        path = run / name
        path.write_text(json.dumps(renamed(json.loads(path.read_text()), names)))
    for path in run.glob("*.jsonl"):
        rows = [renamed(json.loads(line), names) for line in path.read_text().splitlines()]
        if path.name == "records.jsonl":
            for row in rows:
                row["judgements"] = [judgement]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))


match sys.argv[1:]:
    case ["dataset", source, target]:
        conversations = json.loads(Path(source).read_text())
        for conversation in conversations:
            speakers = [conversation["conversation"][f"speaker_{of}"] for of in "ab"]
            for part in ("qa", "conversation"):
                conversation[part] = hostile(conversation[part])
            # Notes of the dataset are keyed by the speakers' names.
            names = {speaker: f"{speaker} {HOSTILE}" for speaker in speakers}
            for part in ("observation", "event_summary"):
                conversation[part] = renamed(conversation[part], names)
        Path(target).write_text(json.dumps(conversations))
    case ["names", run]:
        rename(Path(run))
    case _:
        sys.exit(__doc__)
