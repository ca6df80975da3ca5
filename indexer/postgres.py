"""Vectors and words of a release in PostgreSQL with pgvector, in the place of the files that the release carries.

Items are stored once, by content, however many releases hold them: ``item`` has the vector (half precision, HNSW) and
the words (``tsvector``), ``posting`` how often a word stands in an item, for BM25. A release is two tables of its own:
which item is which row, and how many of its rows hold a word. Publishing inserts the items that are new, deletes those
that no release holds any more, and commits once; a searcher opens the tables of the release that is current in
``DATA/current``, so both change together.
"""

from __future__ import annotations

import hashlib
import json
import queue
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graph.errors import ReleaseError
from indexer.embedding import ModelIdentity
from indexer.late_interaction import Vectors
from indexer.lexical import (
    FIELDS,
    NO_HITS,
    Clause,
    LexicalHits,
    LexicalRecord,
    ParsedQuery,
    edits_within,
    words_with_spans,
)
from indexer.vector import DimensionMismatch, Mask, Neighbours, Rows, best_of

if TYPE_CHECKING:
    import psycopg

#: A filter that passes fewer rows than this is answered by reading exactly these rows.
EXACT_FILTER_LIMIT = 50_000
#: Up to so many rows, "every row above a cosine" reads them all; beyond, the nearest that HNSW gives.
SCAN_LIMIT = 200_000
#: BM25, as tantivy has it.
_K1, _B = 1.2, 0.75
_NEAREST = 1_000
#: Which tables of the database are a release's own.
DATABASE_FILE = "search/database.json"
_CANDIDATES = 4

_SCHEMA = """
CREATE EXTENSION IF NOT EXISTS vector;
CREATE TABLE IF NOT EXISTS item (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  digest bytea NOT NULL UNIQUE,
  vector halfvec NOT NULL,
  keys text[] NOT NULL,
  length integer NOT NULL,
  {fields}
);
CREATE TABLE IF NOT EXISTS posting (word text COLLATE "C" NOT NULL, id bigint NOT NULL, tf integer NOT NULL);
CREATE INDEX IF NOT EXISTS posting_word ON posting (word, id) INCLUDE (tf);
CREATE INDEX IF NOT EXISTS posting_id ON posting (id);
CREATE INDEX IF NOT EXISTS item_keys ON item USING gin (keys);
CREATE INDEX IF NOT EXISTS item_text ON item USING gin ("text");
CREATE TABLE IF NOT EXISTS release (
  name text PRIMARY KEY, rows integer NOT NULL, average real NOT NULL, published timestamptz NOT NULL DEFAULT now()
);
""".format(fields=", ".join(f'"{name}" tsvector' for name in FIELDS))


def connect(address: str) -> psycopg.Connection[Any]:
    """A connection to the database at ``address`` (a PostgreSQL URI). Raises ReleaseError."""
    try:
        import psycopg
    except ImportError as err:
        raise ReleaseError("a search database needs the extra: pip install 'inspectgraph[servers]'") from err
    try:
        return psycopg.connect(address, autocommit=True, connect_timeout=10)
    except psycopg.Error as err:
        raise ReleaseError(f"the search database cannot be reached: {_first_line(err)}") from err


def _first_line(err: BaseException) -> str:
    return re.sub(r"password=\S+", "password=…", str(err).strip().partition("\n")[0])


# ------------------------------------------------------------------------------------------------------------- writing


def publish(
    address: str, name: str, vectors: Vectors, records: Iterable[LexicalRecord], *, keep: Collection[str]
) -> int:
    """Make the tables of release ``name``: row i is ``vectors[i]`` and the record of row i. Returns how many items were
    new. The database shows all of it or nothing; releases that ``keep`` does not name go, with what only they held."""
    with connect(address) as connection, connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(7461)")
        connection.execute(_SCHEMA)
        connection.execute(
            "CREATE TEMPORARY TABLE arriving (row integer, digest bytea, vector halfvec, keys text[], length integer, "
            + ", ".join(f'"{field}" tsvector' for field in FIELDS)
            + ") ON COMMIT DROP"
        )
        columns = ", ".join(["row", "digest", "vector", "keys", "length", *(f'"{f}"' for f in FIELDS)])
        with connection.cursor().copy(f"COPY arriving ({columns}) FROM STDIN") as copy:
            for values in _arriving(vectors, records):
                copy.write_row(values)
        inserted = _insert(connection, vectors.shape[1] if len(vectors) else 1)
        _make_release(connection, name, len(vectors))
        _drop_others(connection, {name, *keep})
    with connect(address) as connection:
        connection.execute("ANALYZE item")
        connection.execute("ANALYZE posting")
    return inserted


def _arriving(vectors: Vectors, records: Iterable[LexicalRecord]) -> Iterator[tuple[Any, ...]]:
    half = vectors.astype(np.float16)
    seen: Counter[bytes] = Counter()
    for record in records:
        places = {name: _positions(text) for name, text in {**record.fields, "text": record.text}.items()}
        written = [_tsvector(places[name]) if name in places else None for name in FIELDS]
        parts = [half[record.row].tobytes(), "\x1f".join(record.keys).encode(), *(str(w).encode() for w in written)]
        digest = hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()
        seen[digest] += 1
        if seen[digest] > 1:  # two rows of the same words and keys are two items
            digest = hashlib.sha256(digest + seen[digest].to_bytes(4, "big")).digest()
        vector = "[" + ",".join(f"{x:.6g}" for x in half[record.row].tolist()) + "]"
        length = sum(len(found) for found in places["text"].values())
        yield (record.row, digest, vector, list(record.keys), length, *written)


def _insert(connection: psycopg.Connection[Any], dimension: int) -> int:
    columns = ", ".join(["digest", "vector", "keys", "length", *(f'"{f}"' for f in FIELDS)])
    connection.execute(
        f"WITH fresh AS (INSERT INTO item ({columns}) SELECT {columns} FROM arriving ON CONFLICT (digest) DO NOTHING "
        'RETURNING id, "text") '
        "INSERT INTO posting SELECT word, id, greatest(1, cardinality(positions)) "
        'FROM fresh, unnest(fresh."text") AS lexemes(word, positions, weights)'
    )
    found = connection.execute(
        "SELECT count(*) FROM item JOIN arriving USING (digest) WHERE item.xmin = pg_current_xact_id()::xid"
    ).fetchone()
    connection.execute(
        f"CREATE INDEX IF NOT EXISTS item_vector ON item USING hnsw ((vector::halfvec({dimension})) halfvec_ip_ops)"
    )
    return int(found[0]) if found else 0


def _make_release(connection: psycopg.Connection[Any], name: str, rows: int) -> None:
    table = table_of(name)
    connection.execute(f"DROP TABLE IF EXISTS {table}, {table}_word")
    connection.execute(
        f"CREATE TABLE {table} AS SELECT arriving.row, item.id FROM arriving JOIN item USING (digest) ORDER BY row"
    )
    connection.execute(f"ALTER TABLE {table} ADD PRIMARY KEY (row), ADD UNIQUE (id)")
    connection.execute(
        f"CREATE TABLE {table}_word AS SELECT word, count(*)::integer AS df FROM posting JOIN {table} USING (id) "
        "GROUP BY word"
    )
    connection.execute(f"ALTER TABLE {table}_word ADD PRIMARY KEY (word)")
    connection.execute(f"ANALYZE {table}")
    connection.execute(f"ANALYZE {table}_word")
    connection.execute(
        "INSERT INTO release (name, rows, average) SELECT %s, %s, coalesce((SELECT avg(length) FROM arriving), 1) "
        "ON CONFLICT (name) DO UPDATE SET rows = excluded.rows, average = excluded.average, published = now()",
        (name, rows),
    )


def _drop_others(connection: psycopg.Connection[Any], kept: Collection[str]) -> None:
    others = connection.execute("DELETE FROM release WHERE name <> ALL(%s) RETURNING name", (list(kept),))
    for (name,) in others.fetchall():
        connection.execute(f"DROP TABLE IF EXISTS {table_of(name)}, {table_of(name)}_word")
    there = connection.execute("SELECT name FROM release").fetchall()
    held = " UNION ALL ".join(f"SELECT id FROM {table_of(name)}" for (name,) in there)
    # joins: NOT IN would compare every pair once the ids outgrow the server's working memory
    connection.execute(
        f"WITH held AS ({held}), "
        "gone AS (DELETE FROM item WHERE NOT EXISTS (SELECT FROM held WHERE held.id = item.id) RETURNING id) "
        "DELETE FROM posting USING gone WHERE posting.id = gone.id"
    )


def table_of(name: str) -> str:
    """The table of a release: its name may be any text, a table's may not."""
    return f"release_{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def _positions(text: str) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for place, (word, _, _) in enumerate(words_with_spans(text), 1):
        found.setdefault(_held(word), []).append(place)
    return found


def _tsvector(places: dict[str, list[int]]) -> str:
    return " ".join(
        f"{_quoted(word)}:{','.join(str(min(p, 16_383)) for p in found[:256])}" for word, found in places.items()
    )


def _held(word: str) -> str:
    """The word as the database holds it: a tsvector takes none of more than 2 kB."""
    return word if len(word) <= 400 else f"{word[:300]}{hashlib.sha256(word.encode()).hexdigest()}"


def _quoted(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"


def _tsquery(clause: Clause) -> str:
    return " <-> ".join(_quoted(_held(word)) for word in clause.words)


# ------------------------------------------------------------------------------------------------------------- reading


class Database:
    """Connections to one release's tables, as many as ask at a time."""

    def __init__(self, address: str, name: str) -> None:
        self._address = address
        self._idle: queue.LifoQueue[psycopg.Connection[Any]] = queue.LifoQueue()
        self.table = table_of(name)
        try:
            found = self.rows("SELECT rows, average FROM release WHERE name = %s", (name,))
        except ReleaseError as err:
            raise ReleaseError(f"the search database holds no release {name}: build again ({err})") from err
        if not found:
            raise ReleaseError(f"the search database holds no release {name}: build again, or unset the setting")
        self.size, self.average = int(found[0][0]), float(found[0][1])

    def rows(self, query: str, values: Sequence[Any] = (), *, hnsw: int | None = None) -> list[tuple[Any, ...]]:
        """The rows of a query, asked again over a new connection where the one that was held is lost. ``hnsw``: how far
        the index looks."""
        import psycopg

        for attempt in (1, 2):
            connection = self._take()
            try:
                found = self._asked(connection, query, values, hnsw)
            except psycopg.OperationalError as err:
                connection.close()
                self.close()  # a server that was started again has ended the others too
                if attempt == 2:
                    raise ReleaseError(f"the search database does not answer: {_first_line(err)}") from err
            except psycopg.Error as err:
                self._idle.put(connection)
                raise ReleaseError(f"the search database: {_first_line(err)}") from err
            except BaseException:
                connection.close()
                raise
            else:
                self._idle.put(connection)
                return found
        raise AssertionError("unreachable")

    @staticmethod
    def _asked(
        connection: psycopg.Connection[Any], query: str, values: Sequence[Any], hnsw: int | None
    ) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]]
        if hnsw is None:
            found = connection.execute(query, values, prepare=True).fetchall()
            return found
        with connection.transaction():
            connection.execute(f"SET LOCAL hnsw.ef_search = {max(40, min(hnsw, 1000))}")
            connection.execute("SET LOCAL hnsw.iterative_scan = relaxed_order")
            connection.execute("SET LOCAL enable_seqscan = off")
            found = connection.execute(query, values).fetchall()
        return found

    def _take(self) -> psycopg.Connection[Any]:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            return connect(self._address)

    def close(self) -> None:
        """Close the connections that nobody is using."""
        while not self._idle.empty():
            self._idle.get().close()

    def __del__(self) -> None:
        if hasattr(self, "_idle"):
            self.close()


class PostgresVectors:
    """A ``VectorIndex`` over pgvector. Safe to share between threads."""

    def __init__(self, database: Database, dimension: int, identity: ModelIdentity | None = None) -> None:
        self._database = database
        self._dimension = dimension
        self.identity = identity

    @property
    def size(self) -> int:
        return self._database.size

    @property
    def exhaustive(self) -> bool:
        return self.size <= SCAN_LIMIT

    def vectors(self, rows: Rows) -> Vectors:
        table = self._database.table
        found = self._database.rows(
            f"SELECT row, halfvec_send(vector) FROM {table} JOIN item USING (id) WHERE row = ANY(%s)",
            (np.unique(rows).tolist(),),
        )
        made = {row: np.frombuffer(sent, dtype=">f2", offset=4) for row, sent in found}
        if not len(rows):
            return np.empty((0, self._dimension), dtype=np.float32)
        return np.stack([made[row] for row in rows.tolist()]).astype(np.float32)

    def search(self, queries: Vectors, k: int, mask: Mask | None = None) -> Neighbours:
        if queries.ndim != 2 or queries.shape[1] != self._dimension:
            raise DimensionMismatch(f"queries {queries.shape}, vectors of {self._dimension}")
        if mask is not None and mask.shape != (self.size,):
            raise DimensionMismatch(f"mask {mask.shape} for {self.size} rows")
        m = min(k, self.size)
        passing = int(np.count_nonzero(mask)) if mask is not None else self.size
        rows = np.full((len(queries), max(m, 0)), -1, dtype=np.int64)
        scores = np.full(rows.shape, -np.inf, dtype=np.float32)
        if m <= 0 or passing == 0:
            return Neighbours(rows, scores)
        for i, query in enumerate(queries):
            found = self._nearest(query, m, mask, passing)
            near = np.array([row for row, _ in found], dtype=np.int64)
            own = np.array([score for _, score in found], dtype=np.float32)
            best = best_of(near[None, :], own[None, :], m)
            rows[i], scores[i] = best.rows[0], best.scores[0]
        return Neighbours(rows, scores)

    def within(self, queries: Vectors, least: float, mask: Mask | None = None) -> tuple[Rows, Vectors]:
        """See ``VectorIndex``. Exact up to 200,000 rows, beyond among the 1,000 nearest of each query."""
        best: dict[int, float] = {}
        passing = self.size if mask is None else int(np.count_nonzero(mask))
        for query in queries:
            if self.size <= SCAN_LIMIT:
                table = self._database.table
                found = self._database.rows(
                    f"SELECT row, score FROM (SELECT row, -(vector <#> %s::halfvec) AS score FROM {table} "
                    "JOIN item USING (id)) AS scored WHERE score >= %s",
                    (_literal(query), least),
                )
            else:
                found = self._nearest(query, _NEAREST, mask, passing)
            for row, score in found:
                if score >= least and (mask is None or mask[row]):
                    best[row] = max(score, best.get(row, -1.0))
        rows = np.array(sorted(best), dtype=np.int64)
        return rows, np.array([best[row] for row in rows.tolist()], dtype=np.float32)

    def _nearest(self, query: Vectors, k: int, mask: Mask | None, passing: int) -> list[tuple[Any, ...]]:
        table = self._database.table
        joined = f"FROM {table} JOIN item USING (id)"
        if mask is not None and passing <= EXACT_FILTER_LIMIT:
            return self._database.rows(
                f"SELECT row, -(vector <#> %s::halfvec) AS score {joined} WHERE row = ANY(%s) "
                "ORDER BY score DESC, row LIMIT %s",
                (_literal(query), np.flatnonzero(mask).tolist(), k),
            )
        if k > _NEAREST:
            return self._database.rows(
                f"SELECT row, -(vector <#> %s::halfvec) AS score {joined} "
                f"{'WHERE get_bit(%s, row) = 1' if mask is not None else ''} ORDER BY score DESC, row LIMIT %s",
                (_literal(query), *((_bits(mask),) if mask is not None else ()), k),
            )
        condition = "WHERE get_bit(%s, row) = 1" if mask is not None else ""
        typed = f"vector::halfvec({self._dimension})"
        return self._database.rows(
            f"SELECT row, -({typed} <#> %s::halfvec({self._dimension})) {joined} {condition} "
            f"ORDER BY {typed} <#> %s::halfvec({self._dimension}) LIMIT %s",
            (
                _literal(query),
                *((_bits(mask),) if mask is not None else ()),
                _literal(query),
                min(k * _CANDIDATES + 16, self.size),
            ),
            hnsw=k * _CANDIDATES + 160,
        )


def _literal(vector: Vectors) -> str:
    return "[" + ",".join(f"{x:.7g}" for x in vector.tolist()) + "]"


def _bits(mask: Mask) -> bytes:
    """The mask as PostgreSQL's get_bit counts: from the lowest bit of the first byte."""
    return np.packbits(mask, bitorder="little").tobytes()


class PostgresWords:
    """A ``WordIndex`` over PostgreSQL: conditions by its text search and arrays, order by BM25 over postings."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def search(
        self,
        words: Sequence[tuple[str, float]],
        k: int,
        *,
        must: Sequence[Sequence[str]] = (),
        must_not: Sequence[str] = (),
        demanded: ParsedQuery | None = None,
    ) -> LexicalHits:
        weights: dict[str, float] = {}
        phrases: list[tuple[Clause, float]] = []
        for word, weight in words:
            if weight > 0:
                self._rank(Clause(tuple(word.split())), weight, weights, phrases)
        for clause in [c for group in demanded.groups for c in group] if demanded is not None else ():
            self._rank(clause, 1.0, weights, phrases)
        if k <= 0 or not (weights or phrases):
            return NO_HITS
        database, table = self._database, self._database.table
        condition, values = _condition(must, must_not, demanded)
        ranking = (
            f"SELECT id, w.weight * ln(1 + (%s - df + 0.5) / (df + 0.5)) * tf * {_K1 + 1} "
            f"/ (tf + {_K1} * (1 - {_B} + {_B} * length / %s)) AS score "
            f"FROM unnest(%s::text[], %s::float8[]) AS w(word, weight) JOIN {table}_word USING (word) "
            "JOIN posting USING (word) JOIN item USING (id)"
        )
        parts = [ranking]
        given: list[Any] = [database.size, database.average, list(weights), list(weights.values())]
        for clause, weight in phrases:
            parts.append(f'SELECT id, %s::float8 AS score FROM item WHERE "{clause.field or "text"}" @@ %s::tsquery')
            given += [weight, _tsquery(clause)]
        found = database.rows(
            f"SELECT row, sum(score) AS total FROM ({' UNION ALL '.join(parts)}) AS scored JOIN {table} USING (id) "
            f"JOIN item USING (id) WHERE {condition} GROUP BY row ORDER BY total DESC, row LIMIT %s",
            (*given, *values, k),
        )
        if not found:
            return NO_HITS
        return LexicalHits(
            np.array([row for row, _ in found], dtype=np.int64), np.array([s for _, s in found], dtype=np.float32)
        )

    def matching(
        self,
        words: Sequence[str],
        *,
        must: Sequence[Sequence[str]] = (),
        must_not: Sequence[str] = (),
        demanded: ParsedQuery | None = None,
        limit: int = 1_000_000,
    ) -> NDArray[np.int64]:
        if not words and not must and not must_not and demanded is None:
            return NO_HITS.rows
        condition, values = _condition(must, must_not, demanded)
        for word in words:
            condition += ' AND "text" @@ %s::tsquery'
            values.append(_tsquery(Clause(tuple(word.split()))))
        found = self._database.rows(
            f"SELECT row FROM {self._database.table} JOIN item USING (id) WHERE {condition} ORDER BY row LIMIT %s",
            (*values, limit),
        )
        return np.array([row for (row,) in found], dtype=np.int64)

    def document_frequency(self, word: str) -> int:
        found = self._database.rows(f"SELECT df FROM {self._database.table}_word WHERE word = %s", (_held(word),))
        return int(found[0][0]) if found else 0

    def corrected(self, word: str) -> str | None:
        limit = 2 if len(word) >= 6 else 1
        start = word[:2]
        near = self._database.rows(
            f"SELECT word, df FROM {self._database.table}_word WHERE starts_with(word, %s) "
            "AND length(word) BETWEEN %s AND %s",
            (start, len(word) - limit, len(word) + limit),
        )
        best: tuple[int, int, str] | None = None
        for term, frequency in near:
            distance = next((d for d in range(1, limit + 1) if edits_within(word, term, d)), None)
            if distance is not None and (best is None or (-distance, frequency, term) > best):
                best = (-distance, frequency, term)
        return best[2] if best else None

    def _rank(
        self, clause: Clause, weight: float, weights: dict[str, float], phrases: list[tuple[Clause, float]]
    ) -> None:
        if len(clause.words) == 1 and clause.field in {None, "text"}:
            word = _held(clause.words[0])
            weights[word] = weights.get(word, 0.0) + weight
            return
        # a phrase counts as its words would in an item of average length
        size = self._database.size
        found = [self.document_frequency(word) for word in clause.words]
        phrases.append((clause, weight * sum(float(np.log1p((size - df + 0.5) / (df + 0.5))) for df in found)))


def _condition(
    must: Sequence[Sequence[str]], must_not: Sequence[str], demanded: ParsedQuery | None
) -> tuple[str, list[Any]]:
    parts = ["TRUE"]
    values: list[Any] = []
    for keys in must:
        parts.append("keys && %s::text[]")
        values.append(list(keys))
    if must_not:
        parts.append("NOT keys && %s::text[]")
        values.append(list(must_not))
    if demanded is not None:
        for group in demanded.groups:
            parts.append("(" + " OR ".join(_matches(clause) for clause in group) + ")")
            values += [_tsquery(clause) for clause in group]
        for clause in demanded.excluded:
            parts.append(f"NOT coalesce({_matches(clause)}, FALSE)")
            values.append(_tsquery(clause))
    return " AND ".join(parts), values


def _matches(clause: Clause) -> str:
    return f'"{clause.field or "text"}" @@ %s::tsquery'


def open_database(address: str, release_dir: Path) -> Database:
    """The tables of the release in this folder. Raises ReleaseError where the database does not hold them."""
    file = release_dir / DATABASE_FILE
    if not file.is_file():
        raise ReleaseError(
            f"release {release_dir.name} was not published to a search database: build again, or unset "
            "INSPECTGRAPH_SEARCH_DATABASE to search the files that the release carries"
        )
    return Database(address, _name_in(file))


def published_names(releases: Path) -> list[str]:
    """Under which names the releases in this folder are in the search database."""
    return [_name_in(file) for file in sorted(releases.glob(f"*/{DATABASE_FILE}"))]


def _name_in(file: Path) -> str:
    return str(json.loads(file.read_text(encoding="utf-8"))["name"])
