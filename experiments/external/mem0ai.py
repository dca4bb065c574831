"""Mem0's own search, from the pip package mem0ai, without a language model: every turn is kept as it was said
(`infer=False`) and found by `Memory.search`. Vectors come from `memgauge model embed`, so that they are those of
memgauge's own systems and the two differ in the search alone. With `--keywords` Mem0 joins them with BM25, for
which it needs the package fastembed. docs/EXTERNAL.md says more.

    mem0ai.py [--keywords] [arguments of `memgauge model embed`]"""
import functools
import json
import os
import subprocess
import sys
from importlib.metadata import version

# fastembed's own list is a file on a model hub.
STOP_WORDS = set("""a an the and or but of to in on at for from by with about as is are was were be been am do does did
have has had having i you he she it we they me him her us them my your his its our their this that these those what
which who whom when where why how not no so if then than there here can will would could should just""".split())

replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)  # whatever a library prints goes to standard error
os.environ.update(MEM0_TELEMETRY="False", OPENAI_API_KEY="unused")
keywords = "--keywords" in sys.argv
model = [argument for argument in sys.argv[1:] if argument != "--keywords"]


class Vectors:
    """What Mem0 asks its embedder for."""

    def __init__(self, *_):
        self.process = subprocess.Popen(
            ["memgauge", "model", "embed", *model], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")

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

        ours = version("mem0ai")
        if keywords:
            import fastembed
            ours += " with fastembed " + version("fastembed")
            local = {"specific_model_path": request["folder"], "stopwords": STOP_WORDS}
            embed = fastembed.SparseTextEmbedding
            embed.__init__ = functools.partialmethod(embed.__init__, **local)
        else:
            sys.modules["fastembed"] = None  # not there, even where it is
        vectors = Vectors()
        EmbedderFactory.create = lambda *_: vectors
        self.memory = Memory.from_config({
            "vector_store": {"provider": "qdrant", "config": {
                "path": os.path.join(request["folder"], "qdrant"), "on_disk": True,
                "embedding_model_dims": len(vectors.embed("word"))}},
            "history_db_path": os.path.join(request["folder"], "history.db")})
        return {"protocol": 1, "name": "mem0ai", "version": ours, "sources": True, "events": True}

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
