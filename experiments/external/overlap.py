"""A memory system in 30 lines: every turn is kept, and found by the words that it shares with the question."""
import json
import re
import sys

turns = {}  # conversation -> [(words, text, turn id, speaker)]


def words(text):
    return {word for word in re.findall(r"[a-z0-9]+", text.lower()) if len(word) > 3}


def describe(request):
    return {"protocol": 1, "name": "overlap", "version": "1", "sources": True}

def reset(request):
    turns.clear()

def ingest(request):
    for turn in request["session"]["turns"]:
        text = f"{turn['speaker']}: {turn['text']}"
        turns.setdefault(request["conversation"], []).append((words(text), text, turn["id"], turn["speaker"]))

def flush(request):
    pass

def recall(request):
    asked = words(request["question"])
    found = [(len(asked & said) / (1 + len(said)) ** 0.5, *rest) for said, *rest in turns[request["conversation"]]]
    found.sort(key=lambda one: -one[0])
    return {"memories": [{"text": text, "score": score, "sources": [turn], "speaker": speaker}
                         for score, text, turn, speaker in found[: request["k"]] if score > 0]}

for line in sys.stdin:
    request = json.loads(line)
    reply = globals()[request["op"]](request) or {}
    print(json.dumps({"id": request["id"], **reply}), flush=True)
