"""Queries made by chance from what a graph holds, so that most of them find something: for comparing SPARQL engines."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Sequence

import pyoxigraph as ox

from ontology.namespaces import RDF, XSD

NUMBERS = frozenset({f"{XSD}integer", f"{XSD}decimal"})


class QueryMaker:
    """Makes queries over one graph without blank nodes. The same seed and the same triples make the same queries."""

    def __init__(self, triples: Sequence[ox.Triple], seed: int) -> None:
        self._rolls = random.Random(seed)
        self._triples = sorted(triples, key=str)
        self._of: dict[str, list[ox.Triple]] = defaultdict(list)
        self._by_predicate: dict[str, list[ox.Triple]] = defaultdict(list)
        for triple in self._triples:
            assert isinstance(triple.subject, ox.NamedNode)
            self._of[triple.subject.value].append(triple)
            self._by_predicate[triple.predicate.value].append(triple)
        self._predicates = sorted(self._by_predicate)

    def make(self) -> tuple[str, str]:
        """The name of a query's shape, and the query."""
        shape = self._rolls.choice(SHAPES)
        return shape.__name__.removeprefix("_"), shape(self)

    # ------------------------------------------------------------------------------------------------------- pieces

    def pick(self, predicate: str | None = None) -> ox.Triple:
        """A triple; every predicate is as likely as any other."""
        return self._rolls.choice(self._by_predicate[predicate or self._rolls.choice(self._predicates)])

    def where(self, holds: Callable[[ox.Triple], bool]) -> ox.Triple:
        while not holds(triple := self.pick()):
            pass
        return triple

    def star(self, subject: ox.Triple, size: int, variable: str = "?s") -> list[str]:
        """Patterns about the subject of a triple, its own first, each with an object of its own."""
        assert isinstance(subject.subject, ox.NamedNode)
        others = list(
            {t.predicate: t for t in self._of[subject.subject.value] if t.predicate != subject.predicate}.values()
        )
        chosen = [subject, *self._rolls.sample(others, min(size - 1, len(others)))]
        return [f"{variable} {t.predicate} ?o{n} ." for n, t in enumerate(chosen)]

    def chance(self, share: float) -> bool:
        return self._rolls.random() < share

    def choice(self, *values: str) -> str:
        return self._rolls.choice(values)

    def constant(self, triple: ox.Triple) -> str:
        return str(triple.object)


def _is_number(triple: ox.Triple) -> bool:
    return isinstance(triple.object, ox.Literal) and triple.object.datatype.value in NUMBERS


def _is_text(triple: ox.Triple) -> bool:
    return isinstance(triple.object, ox.Literal) and triple.object.datatype.value in {
        f"{XSD}string",
        f"{RDF}langString",
    }


def _is_link(triple: ox.Triple) -> bool:
    return isinstance(triple.object, ox.NamedNode)


def _star(q: QueryMaker) -> str:
    patterns = q.star(q.pick(), q._rolls.randint(1, 4))
    return f"SELECT {q.choice('', 'DISTINCT ')}* {{ {' '.join(patterns)} }}"


def _constant(q: QueryMaker) -> str:
    triple = q.pick()
    patterns = q.star(triple, 3)
    patterns[0] = f"?s {triple.predicate} {q.constant(triple)} ."
    return f"SELECT * {{ {' '.join(patterns)} }}"


def _chain(q: QueryMaker) -> str:
    first = q.where(lambda t: _is_link(t) and t.object.value in q._of)  # type: ignore[union-attr]
    second = q._rolls.choice(q._of[first.object.value])  # type: ignore[union-attr]
    more = " ".join(q.star(first, 2)[1:])
    return f"SELECT ?s ?m ?o {{ ?s {first.predicate} ?m . ?m {second.predicate} ?o . {more} }}"


def _optional(q: QueryMaker) -> str:
    one, other = q.pick(), q.pick()
    test = q.choice("", "", "FILTER(!BOUND(?x))", "FILTER(BOUND(?x) || ?o0 != ?s)")
    inner = q.choice("", f"FILTER(?x != {q.constant(other)})")
    return f"SELECT * {{ {' '.join(q.star(one, 2))} OPTIONAL {{ ?s {other.predicate} ?x {inner} }} {test} }}"


def _union(q: QueryMaker) -> str:
    one, other = q.pick(), q.pick()
    either = f"{{ ?s {one.predicate} ?a }} UNION {{ ?s {other.predicate} ?b }}"
    return f"SELECT {q.choice('*', '?s', 'DISTINCT ?s')} {{ {either} }}"


def _minus(q: QueryMaker) -> str:
    one = q.pick()
    other = q._rolls.choice(q._of[one.subject.value]) if q.chance(0.6) else q.pick()  # type: ignore[union-attr]
    value = q.choice("?x", q.constant(other))
    away = q.choice("MINUS {{ {0} }}", "FILTER NOT EXISTS {{ {0} }}", "FILTER EXISTS {{ {0} }}")
    return f"SELECT * {{ ?s {one.predicate} ?o . {away.format(f'?s {other.predicate} {value}')} }}"


def _numbers(q: QueryMaker) -> str:
    triple = q.where(_is_number)
    value = triple.object.value  # type: ignore[union-attr]
    test = q.choice(
        f"?n < {value}",
        f"?n >= {value}",
        f"?n != {value}",
        f"?n IN ({value}, 3, 7.5)",
        f"?n + 1 > {value} * 2",
        f"!(?n = {value})",
        f"?n / 2 <= {value} && ?n > 1",
        f"ABS(?n - {value}) < 2",
    )
    bound = q.choice("?n * 2", "?n - 0.5", "ROUND(?n)", "FLOOR(?n / 2)", "CEIL(?n)", "STR(?n)", "-?n")
    return f"SELECT ?s ?n ?v {{ ?s {triple.predicate} ?n FILTER({test}) BIND({bound} AS ?v) }}"


def _texts(q: QueryMaker) -> str:
    triple = q.where(_is_text)
    words = [w for w in triple.object.value.split() if w.isalnum()] or ["a"]  # type: ignore[union-attr]
    word = q._rolls.choice(words)
    test = q.choice(
        f'CONTAINS(?t, "{word}")',
        f'REGEX(?t, "{word}", "i")',
        f'STRSTARTS(?t, "{word}")',
        "STRLEN(?t) > 20",
        f'LCASE(STR(?t)) != "{word.lower()}"',
        'LANG(?t) = "en"',
        'LANGMATCHES(LANG(?t), "*")',
        f'?t > "{word}"',
        "isLITERAL(?t)",
    )
    bound = q.choice(
        "STRLEN(?t)",
        "UCASE(?t)",
        "SUBSTR(?t, 2, 5)",
        f'STRBEFORE(?t, "{word}")',
        f'STRAFTER(STR(?t), "{word}")',
        f'REPLACE(?t, "{word}", "X")',
        'CONCAT(STR(?t), "!")',
        "ENCODE_FOR_URI(STR(?t))",
        "DATATYPE(?t)",
        'IF(STRLEN(?t) > 15, "long", "short")',
        "COALESCE(?none, ?t)",
        "MD5(STR(?t))",
        "LANG(?t)",
    )
    return f"SELECT ?s ?t ?v {{ ?s {triple.predicate} ?t FILTER({test}) BIND({bound} AS ?v) }}"


def _counts(q: QueryMaker) -> str:
    triple = q.pick()
    count = q.choice("COUNT(*)", "COUNT(?s)", "COUNT(DISTINCT ?s)", "COUNT(DISTINCT *)")
    having = q.choice("", "", " HAVING(COUNT(?s) > 1)", " HAVING(COUNT(DISTINCT ?s) < 3)")
    return f"SELECT ?o ({count} AS ?n) {{ ?s {triple.predicate} ?o }} GROUP BY ?o{having}"


def _aggregates(q: QueryMaker) -> str:
    triple = q.where(_is_number)
    links = [t for t in q._of[triple.subject.value] if t.predicate != triple.predicate]  # type: ignore[union-attr]
    key = q._rolls.choice(links).predicate if links else triple.predicate
    function = q.choice("SUM(?n)", "AVG(?n)", "MIN(?n)", "MAX(?n)", "SUM(DISTINCT ?n)", "COUNT(DISTINCT ?n)")
    if q.chance(0.3):
        return f"SELECT ({function} AS ?v) {{ ?s {triple.predicate} ?n }}"
    return f"SELECT ?k ({function} AS ?v) {{ ?s {triple.predicate} ?n ; {key} ?k }} GROUP BY ?k"


def _paths(q: QueryMaker) -> str:
    first = q.where(lambda t: _is_link(t) and t.object.value in q._of)  # type: ignore[union-attr]
    second = q._rolls.choice(q._of[first.object.value])  # type: ignore[union-attr]
    other = q.pick()
    p, r, o = first.predicate, second.predicate, other.predicate
    path = q.choice(f"{p}/{r}", f"{p}+", f"{p}|{o}", f"^{p}", f"^{p}/{o}", f"({p}|{r})+", f"{p}/{r}?", f"!({p}|{r})")
    start = q.choice("?s", str(first.subject))
    if path.startswith("!"):
        start = str(first.subject)
    return f"SELECT * {{ {start} {path} ?o }}"


def _values(q: QueryMaker) -> str:
    one, other = q.pick(), q.pick()
    rows = " ".join(f"({t.subject} {q.constant(t)})" for t in (one, other, q.pick(one.predicate.value)))
    if q.chance(0.5):
        return f"SELECT * {{ VALUES (?s ?o) {{ {rows} (UNDEF {q.constant(one)}) }} ?s {one.predicate} ?o }}"
    return f"SELECT * {{ ?s {one.predicate} ?o }} VALUES (?s ?o) {{ {rows} }}"


def _subselect(q: QueryMaker) -> str:
    triple = q.pick()
    inner = f"SELECT ?s (COUNT(?o) AS ?n) {{ ?s {triple.predicate} ?o }} GROUP BY ?s"
    other = q._rolls.choice(q._of[triple.subject.value])  # type: ignore[union-attr]
    return f"SELECT ?s ?n ?x {{ {{ {inner} }} ?s {other.predicate} ?x FILTER(?n >= 1) }}"


def _ordered(q: QueryMaker) -> str:
    triple = q.where(_is_link)
    limit = q._rolls.randint(1, 8)
    inner = f"SELECT DISTINCT ?s {{ ?s {triple.predicate} ?o }} ORDER BY {q.choice('', 'DESC')}(STR(?s)) LIMIT {limit}"
    offset = q.choice("", f" OFFSET {q._rolls.randint(0, 3)}")
    return f"SELECT * {{ {{ {inner}{offset} }} ?s {triple.predicate} ?o }}"


def _types(q: QueryMaker) -> str:
    test = q.choice(
        "isIRI(?o)", "isLITERAL(?o)", "isNUMERIC(?o)", "DATATYPE(?o) = <http://www.w3.org/2001/XMLSchema#date>"
    )
    triple = q.pick()
    return f"SELECT ?p (COUNT(*) AS ?n) {{ ?s {triple.predicate} ?any ; ?p ?o FILTER({test}) }} GROUP BY ?p"


def _dates(q: QueryMaker) -> str:
    dates = {f"{XSD}date", f"{XSD}dateTime"}
    try:
        choices = [p for p in q._predicates if any(_dated(t, dates) for t in q._by_predicate[p])]
        predicate = q._rolls.choice(choices)
    except IndexError:
        return _numbers(q)
    part = q.choice("YEAR(?d)", "MONTH(?d)", "DAY(?d)", "STR(?d)", "SUBSTR(STR(?d), 1, 4)")
    year = q._rolls.randint(2008, 2024)
    test = q.choice("", f"FILTER(YEAR(?d) >= {year})", f'FILTER(?d > "{year}-06-01"^^<{XSD}date>)')
    return f"SELECT ?s ?d ?v {{ ?s <{predicate}> ?d {test} BIND({part} AS ?v) }}"


def _dated(triple: ox.Triple, datatypes: set[str]) -> bool:
    return isinstance(triple.object, ox.Literal) and triple.object.datatype.value in datatypes


def _ask(q: QueryMaker) -> str:
    triple, other = q.pick(), q.pick()
    again = q.choice(str(triple.predicate), str(other.predicate))
    return f"ASK {{ {triple.subject} {triple.predicate} ?o . ?t {again} ?o }}"


def _construct(q: QueryMaker) -> str:
    triple = q.pick()
    patterns = " ".join(q.star(triple, 2))
    return f"CONSTRUCT {{ ?s <urn:x:first> ?o0 ; <urn:x:made> 1 }} WHERE {{ {patterns} }}"


SHAPES: tuple[Callable[[QueryMaker], str], ...] = (
    _star, _constant, _chain, _optional, _union, _minus, _numbers, _texts, _texts, _counts, _aggregates, _paths,
    _values, _subselect, _ordered, _types, _dates, _ask, _construct,
)  # fmt: skip
