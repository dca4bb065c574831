"""Mem0's own search, from the pip package mem0ai, without a language model: every turn is kept as it was said
(`infer=False`) and found by `Memory.search`. Vectors come from `memgauge model embed`, so that they are those of
memgauge's own systems and the two differ in the search alone. docs/EXTERNAL.md says what is needed."""
import json
import os
import subprocess
import sys
from importlib.metadata import version

replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)  # whatever a library prints goes to standard error
os.environ.update(MEM0_TELEMETRY="False", OPENAI_API_KEY="unused")


class Vectors:
    """What Mem0 asks its embedder for."""

    def __init__(self, *_):
        self.process = subprocess.Popen(
            ["memgauge", "model", "embed", *sys.argv[1:]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")

    def embed(self, text, memory_action=None):
        self.process.stdin.write(json.dumps(text) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def embed_batch(self, texts, memory_action=None):
        return [self.embed(text) for text in texts]


class System:
    def describe(self, request):
        os.environ["MEM0_DIR"] = request["folder"]  # read when mem0 is imported
        from mem0 import Memory
        from mem0.utils.factory import EmbedderFactory

        vectors = Vectors()
        EmbedderFactory.create = lambda *_: vectors
        self.memory = Memory.from_config({
            "vector_store": {"provider": "qdrant", "config": {
                "path": os.path.join(request["folder"], "qdrant"), "on_disk": True,
                "embedding_model_dims": len(vectors.embed("word"))}},
            "history_db_path": os.path.join(request["folder"], "history.db")})
        return {"protocol": 1, "name": "mem0ai", "version": version("mem0ai"), "sources": True, "events": True}

    def reset(self, request):
        pass  # the folder is new

    def ingest(self, request):
        events = []
        for turn in request["session"]["turns"]:
            text = f"{turn['speaker']}: {turn['text']}"
            added = self.memory.add(text, user_id=request["conversation"], infer=False,
                                    metadata={"turn": turn["id"], "speaker": turn["speaker"]})
            events += [{"op": "add", "id": one["id"], "text": text, "sources": [turn["id"]]} for one in added["results"]]
        return {"events": events}

    def flush(self, request):
        pass

    def recall(self, request):
        found = self.memory.search(request["question"], top_k=request["k"], filters={"user_id": request["conversation"]})
        return {"memories": [{"id": one["id"], "score": one["score"], "speaker": one["metadata"]["speaker"]}
                             for one in found["results"]]}


system = System()
for line in sys.stdin:
    request = json.loads(line)
    try:
        reply = getattr(system, request["op"])(request) or {}
    except Exception as error:  # one question's trouble is not the next one's
        reply = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps({"id": request["id"], **reply}), file=replies, flush=True)
