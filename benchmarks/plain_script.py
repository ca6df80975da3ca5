"""What a competent user writes in a day: PDF text, paragraphs, embeddings, FAISS, a graph; the yardstick of a build.

    python -m benchmarks.plain_script FOLDER OUTPUT MODEL

Nothing of this project is imported. Recommendations are the numbered or bulleted paragraphs after a heading with
"recommendation" or "improve" in it, as anybody's first version has it.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import faiss
import pypdfium2
from rdflib import Graph, Literal, Namespace, URIRef
from rdflib.namespace import DCTERMS, RDF
from sentence_transformers import SentenceTransformer

EX = Namespace("https://example.org/vocabulary#")


def paragraphs(path: Path) -> list[tuple[int, str]]:
    """(page, text): lines joined until an empty one, a bullet or a number."""
    found: list[tuple[int, str]] = []
    document = pypdfium2.PdfDocument(path)
    for number, page in enumerate(document, 1):
        lines: list[str] = []
        for line in [*page.get_textpage().get_text_range().splitlines(), ""]:
            text = line.strip()
            if not text or re.match(r"(?:\d{1,3}\.|[•▪–-])\s", text):
                if lines:
                    found.append((number, " ".join(lines)))
                lines = [text] if text else []
            else:
                lines.append(text)
        if lines:
            found.append((number, " ".join(lines)))
    return [(page, text) for page, text in found if len(text) >= 20]


def recommendations(texts: list[tuple[int, str]]) -> list[tuple[int, str]]:
    found, inside = [], False
    for page, text in texts:
        if len(text) < 90 and not re.match(r"(?:\d{1,3}\.|[•▪–-])\s", text):
            inside = bool(
                re.search(r"recommendation|what needs to improve|areas? for (?:improvement|development)", text, re.I)
            )
        elif inside and re.match(r"(?:\d{1,3}\.|[•▪–-])\s", text):
            found.append((page, re.sub(r"^(?:\d{1,3}\.|[•▪–-])\s+", "", text)))
    return found


def main(folder: Path, output: Path, model: str) -> None:
    output.mkdir(parents=True, exist_ok=True)
    graph, texts, items = Graph(), [], []
    for path in sorted(folder.glob("*.pdf")):
        try:
            parts = paragraphs(path)
        except pypdfium2.PdfiumError as err:
            print(f"{path.name}: {err}", file=sys.stderr)
            continue
        document = URIRef(f"https://example.org/{path.stem}")
        graph.add((document, RDF.type, EX.Document))
        asked = set(recommendations(parts))
        for place, (page, text) in enumerate(parts):
            node = URIRef(f"{document}/{place}")
            graph.add((node, RDF.type, EX.Recommendation if (page, text) in asked else EX.Paragraph))
            graph.add((node, DCTERMS.isPartOf, document))
            graph.add((node, EX.page, Literal(page)))
            graph.add((node, EX.text, Literal(text)))
            texts.append(text)
        items += [{"type": "recommendation", "file": path.name, "page": page, "text": text} for page, text in asked]
    vectors = SentenceTransformer(model, device="cpu").encode(texts, normalize_embeddings=True, show_progress_bar=False)
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    faiss.write_index(index, str(output / "index.faiss"))
    graph.serialize(output / "graph.nt", format="nt")
    (output / "items.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
    print(json.dumps({"texts": len(texts), "recommendations": len(items), "triples": len(graph)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
