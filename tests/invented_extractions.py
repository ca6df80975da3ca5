"""A small invented history to try the graph on: three councils that do not exist, seven documents of 2003 to 2023."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from graph.authorities import Authority, Register
from graph.derived import Generator, SimilarityLink, ThemeLink
from graph.iris import DocumentIris, Iris
from graph.model import (
    Abbreviation,
    Action,
    Box,
    DocumentFacts,
    Evidence,
    Extraction,
    Finding,
    Inspection,
    Judgement,
    Maker,
    Recommendation,
    SourceFile,
    StatusReport,
)

REGISTER = Register(
    (
        Authority(
            "E06099901",
            "Northmere",
            ("Northmere Borough",),
            "East Midlands",
            "Unitary Authority",
            neighbours=("E06099902", "E06099903"),
            domain="northmere.example",
        ),
        Authority("E06099902", "Eastvale", (), "North West", "Unitary Authority", neighbours=("E06099901",)),
        Authority("E06099903", "Westhaven", (), "South West", "Unitary Authority"),
        Authority(
            "E10099901", "Southwick", (), "South West", "County", abolished="2019-03-31", succeeded_by=("E06099903",)
        ),
    )
)

RULE = Maker("numbered-item", "3", 0.97)
LIST = Maker("list-item", "2", 0.88)
TABLE = Maker("table-row", "5", 0.93)
FACTS = Maker("facts", "1", 0.99)
CLASSIFIER = Maker("polarity-classifier", "1", 0.9)


@dataclass(frozen=True, slots=True)
class Invented:
    extraction: Extraction
    text: str


class _Pages:
    """A text that grows; what was put in can be pointed at."""

    def __init__(self) -> None:
        self.text = ""

    def put(self, words: str, page: int | None = 1) -> Evidence:
        start = len(self.text)
        self.text += words + "\n"
        top = 72.0 + (start % 600)
        boxes = () if page is None else (Box(page, 72.0, top, 480.5, top + 12.0),)
        return Evidence(start, start + len(words), words, page, boxes)


def _document(
    name: str, facts: DocumentFacts, pages: _Pages, media_type: str = "application/pdf", **parts: tuple[object, ...]
) -> Invented:
    text = pages.text
    extraction = Extraction(
        SourceFile(name, hashlib.sha256(name.encode()).hexdigest(), media_type, 1000 + len(text)),
        facts,
        **parts,  # type: ignore[arg-type]
        text_sha256=hashlib.sha256(text.encode()).hexdigest(),
        page_count=2 if media_type == "application/pdf" else 0,
        extractor_version="7",
        warnings=("the file has no pages",) if media_type == "text/plain" else (),
    )
    return Invented(extraction, text)


def _judgement(
    pages: _Pages, area: str, grade: str, concept: str, grade_concept: str, inspection: int = 0
) -> Judgement:
    return Judgement(area, grade, concept, grade_concept, inspection, pages.put(f"{area}: {grade}"), FACTS)


def _finding(pages: _Pages, text: str, polarity: str, number: str | None = None, section: str | None = None) -> Finding:
    evidence = pages.put(text, 2)
    return Finding(text, evidence, LIST, section, number, polarity, 0.8125, CLASSIFIER)  # type: ignore[arg-type]


def northmere_2014() -> Invented:
    """A long report with numbered recommendations and the review of a board."""
    p = _Pages()
    title = p.put("Northmere: services for children, and review of the board")
    inspections = (
        Inspection(
            "Ofsted",
            "Inspection of services for children in need of help and protection",
            "Northmere",
            "E06099901",
            "2014-02-03",
            "2014-02-26",
            "Pat Ferrier",
            "sif",
            title,
            FACTS,
        ),
        Inspection(
            "Ofsted", "Review of the safeguarding board", "Northmere", "E06099901", None, "2014-02", None, "lscb-review"
        ),
    )
    judgements = (
        _judgement(p, "Overall effectiveness", "Requires improvement", "overall-effectiveness", "requires-improvement"),
        _judgement(p, "Adoption performance", "Good", "adoption", "good"),
        _judgement(p, "The effectiveness of the board", "Requires improvement", "lscb", "requires-improvement", 1),
    )
    findings = (
        _finding(
            p, "Supervision is irregular, and managers seldom record why they decide.", "improvement", "12", "Practice"
        ),
        _finding(p, "Adopters praise the swift and warm support they get.", "strength", "13", "Adoption"),
    )
    texts = (
        "Make sure that supervision is regular and recorded.",
        "Shorten the wait for first health assessments of children in care.",
        "The board should check how well thresholds are understood.",
    )
    recommendations = (
        Recommendation(texts[0], p.put(texts[0], 2), RULE, "1", "Recommendations"),
        Recommendation(texts[1], p.put(texts[1], 2), RULE, "2", "Recommendations", (), "within six months", None),
        Recommendation(texts[2], p.put(texts[2], 2), RULE, "1", "The board", ("Safeguarding board",), inspection=1),
    )
    facts = DocumentFacts(
        "Northmere: services for children",
        "inspection-report",
        "2014-05-06",
        "text",
        "Ofsted",
        "Northmere",
        "E06099901",
    )
    return _document(
        "northmere 2014.pdf",
        facts,
        p,
        inspections=inspections,
        judgements=judgements,
        findings=findings,
        recommendations=recommendations,
        abbreviations=(
            Abbreviation("LSCB", "local safeguarding children board", p.put("LSCB: local safeguarding children board")),
        ),
    )


def northmere_plan() -> Invented:
    """A plan with owners, timescales and dated states, in a format without pages."""
    p = _Pages()
    asked = (
        "Make sure that supervision is regular and recorded.",
        "Shorten the wait for first health assessments.",
        "Invite children to the panel.",
    )
    done = (
        "Rewrite the supervision policy.",
        "Audit forty supervision files.",
        "Agree a weekly list with the health trust.",
        "Report to members.",
    )
    recommendations = tuple(Recommendation(t, p.put(t, None), TABLE, str(n)) for n, t in enumerate(asked, 1))
    statuses = (
        StatusReport("Amber", "in-progress", "2014-09", "Draft is with the union."),
        StatusReport("Green", "completed", "2015-01-20"),
    )
    actions = (
        Action(
            done[0],
            p.put(done[0], None),
            TABLE,
            0,
            "By Oct '14",
            "../2014-10",
            ("KBD", "Head of HR"),
            ("K B Dunmore", ""),
            statuses=statuses,
            measure="Every manager works to the new policy",
        ),
        Action(
            done[1], p.put(done[1], None), TABLE, 0, "Nov '14 then ongoing", "2014-11/..", ("KBD",), ("K B Dunmore",)
        ),
        Action(
            done[2],
            p.put(done[2], None),
            TABLE,
            1,
            "Oct '14",
            "2014-10",
            ("Head of service",),
            statuses=(StatusReport("Red", "overdue", "2015-01-20"),),
        ),
        Action(done[3], p.put(done[3], None), TABLE, None, "6 monthly", None),
    )
    facts = DocumentFacts(
        "Answer to the inspection",
        "action-plan",
        "2014-07",
        "metadata",
        "Northmere Borough Council",
        "Northmere",
        "E06099901",
        "Cabinet",
        "2014-07-14",
        "https://northmere.example/plans/1 final.docx",
        "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
        from_metadata=("published", "url"),
    )
    inspection = Inspection("Ofsted", None, "Northmere", "E06099901", "2014-02", None)
    return _document(
        "plan (1).docx",
        facts,
        p,
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        inspections=(inspection,),
        recommendations=recommendations,
        actions=actions,
        abbreviations=(Abbreviation("KBD", "K B Dunmore"),),
    )


def _ilacs(
    authority: str,
    gss: str,
    start: str,
    end: str,
    published: str,
    grade: tuple[str, str],
    asked: tuple[str, ...],
    found: tuple[tuple[str, str], ...],
) -> Invented:
    p = _Pages()
    inspection = Inspection(
        "Ofsted",
        "Inspection of local authority children's services",
        authority,
        gss,
        start,
        end,
        "Sam Weir",
        "ilacs",
        None,
        FACTS,
    )
    judgements = (
        _judgement(p, "Overall effectiveness", grade[0], "overall-effectiveness", grade[1]),
        _judgement(p, "The impact of leaders", "Good", "impact-of-leaders", "good"),
    )
    findings = tuple(_finding(p, text, polarity) for text, polarity in found)
    recommendations = tuple(Recommendation(text, p.put(text, 2), LIST, None, "What needs to improve") for text in asked)
    facts = DocumentFacts(
        f"Children's services: {authority}", "inspection-report", published, "text", "Ofsted", authority, gss
    )
    return _document(
        f"{authority.lower()} {published}.pdf",
        facts,
        p,
        inspections=(inspection,),
        judgements=judgements,
        findings=findings,
        recommendations=recommendations,
    )


def northmere_2018() -> Invented:
    return _ilacs(
        "Northmere",
        "E06099901",
        "2018-06-04",
        "2018-06-15",
        "2018-07-20",
        ("Good", "good"),
        ("The regularity of supervision in two teams.", "The offer of advocacy to children."),
        (
            ("Leaders know their services well.", "strength"),
            ("Supervision varies between teams, though most is helpful.", "mixed"),
        ),
    )


def eastvale_2019() -> Invented:
    return _ilacs(
        "Eastvale",
        "E06099902",
        "2019-01-14",
        "2019-01-25",
        "2019-03-01",
        ("Inadequate", "inadequate"),
        ("Supervision and oversight by managers at every level.", "The sufficiency of homes for children in care."),
        (("Children wait too long for decisions.", "improvement"),),
    )


def eastvale_2023() -> Invented:
    return _ilacs(
        "Eastvale",
        "E06099902",
        "2023-03-06",
        "2023-03-17",
        "2023-05-02",
        ("Requires improvement to be good", "requires-improvement"),
        ("Homes near enough for children in care.",),
        (("Oversight by managers has become steady.", "strength"),),
    )


def southwick_2003() -> Invented:
    """A review letter of an inspectorate that is no more, to a council that is no more, as plain text."""
    p = _Pages()
    inspection = Inspection(
        "Social Services Inspectorate",
        "Annual review of performance 2002/03",
        "Southwick",
        "E10099901",
        None,
        "2003",
        None,
        "annual-review",
    )
    judgements = (
        Judgement(
            "Serving people",
            "serving some people well",
            "serving-people",
            "serving-some-well",
            0,
            p.put("serving some people well", None),
            FACTS,
        ),
        Judgement(
            "Capacity for improvement",
            "uncertain",
            "capacity-for-improvement",
            "uncertain",
            0,
            p.put("uncertain", None),
            FACTS,
        ),
    )
    text = "The council should settle who leads its work on early help."
    facts = DocumentFacts(
        "Annual review letter", "review-letter", None, None, "Southwick County Council", "Southwick", "E10099901"
    )
    return _document(
        "letter.txt",
        facts,
        p,
        "text/plain",
        inspections=(inspection,),
        judgements=judgements,
        recommendations=(Recommendation(text, p.put(text, None), LIST),),
    )


def westhaven_2023() -> Invented:
    p = _Pages()
    inspection = Inspection(
        "Ofsted and Care Quality Commission",
        "Area SEND inspection",
        "Westhaven",
        "E06099903",
        "2023-06-12",
        "2023-06-16",
        None,
        "area-send-2023",
    )
    judgement = _judgement(
        p, "Inspection outcome", "inconsistent experiences and outcomes", "send-outcome", "send-inconsistent"
    )
    text = "Leaders should cut the wait for a first autism assessment."
    facts = DocumentFacts(
        "Area inspection of Westhaven",
        "inspection-report",
        "2023-08-22",
        "file name",
        "Ofsted",
        "Westhaven",
        "E06099903",
    )
    return _document(
        "westhaven_2023-08-22.pdf",
        facts,
        p,
        inspections=(inspection,),
        judgements=(judgement,),
        recommendations=(Recommendation(text, p.put(text, 2), LIST, None, "Areas for improvement", ("Leaders",)),),
    )


def all_invented() -> tuple[Invented, ...]:
    return (
        northmere_2014(),
        northmere_plan(),
        northmere_2018(),
        eastvale_2019(),
        eastvale_2023(),
        southwick_2003(),
        westhaven_2023(),
    )


LINKER = Generator("theme-linker", "1", "ab" * 32)
EMBEDDER = Generator("embedding-model", "2", "cd" * 32)
LINEAGE = Generator("inspection-chains", "1")

#: Words of an item → theme.
_THEMES = {
    "supervision": "management-oversight",
    "oversight by managers": "management-oversight",
    "health assessments": "health-of-children-in-care",
    "thresholds": "front-door",
    "the board": "safeguarding-board",
    "advocacy": "advocacy-and-complaints",
    "homes": "placement-sufficiency",
    "early help": "early-help",
    "autism": "send-health-services",
    "adopters": "permanence-and-adoption",
    "leaders know": "strategic-leadership",
}


def theme_links(iris: Iris) -> list[ThemeLink]:
    links = []
    for invented in all_invented():
        x, known = invented.extraction, DocumentIris.of(invented.extraction, iris)
        items = [
            *zip(known.findings, x.findings, strict=True),
            *zip(known.recommendations, x.recommendations, strict=True),
        ]
        items += [*zip(known.actions, x.actions, strict=True)]  # type: ignore[list-item]
        for iri, item in items:
            for theme in dict.fromkeys(theme for words, theme in _THEMES.items() if words in item.text.lower()):
                links.append(ThemeLink(iri, theme, 0.9, "label"))
    return links


def similarity_links(iris: Iris) -> list[SimilarityLink]:
    """Supervision in Northmere is like supervision in Eastvale; homes in Eastvale are like homes in Eastvale."""
    first = DocumentIris.of(northmere_2014().extraction, iris).recommendations[0]
    again = DocumentIris.of(northmere_2018().extraction, iris).recommendations[0]
    there = DocumentIris.of(eastvale_2019().extraction, iris).recommendations[0]
    return [
        SimilarityLink(first, there, 0.8123, 1),
        SimilarityLink(there, first, 0.8123, 1),
        SimilarityLink(again, there, 0.79, 1),
    ]


def successions(iris: Iris) -> list[tuple[str, str]]:
    mains = [
        DocumentIris.of(d.extraction, iris).inspections[0]
        for d in (northmere_2014(), northmere_2018(), eastvale_2019(), eastvale_2023())
    ]
    return [(mains[0], mains[1]), (mains[2], mains[3])]
