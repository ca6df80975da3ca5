"""What the frameworks print in every report: the outcomes of an area inspection, and, in our own words, the standing
pages (what an inspection is, whom to complain to), which hold none of the items."""

from __future__ import annotations

_YOUNG = "children and young people with special educational needs and/or disabilities (SEND)"


def outcome(key: str) -> str:
    """The outcome of an area SEND inspection as it is printed; key: positive, inconsistent or widespread."""
    failings, concerns = "There are widespread and/or systemic failings", "leading to significant concerns"
    arrangements = "The local area partnership’s arrangements"
    return {
        "widespread": f"{failings} {concerns} about the experiences and outcomes of {_YOUNG}, "
        "which the local area partnership must address urgently.",
        "inconsistent": f"{arrangements} lead to inconsistent experiences and outcomes for {_YOUNG}. "
        "The local area partnership must work jointly to make improvements.",
        "positive": f"{arrangements} typically lead to positive experiences and outcomes for {_YOUNG}. "
        "The local area partnership is taking action where improvements are needed.",
    }[key]


_CARE = "children looked after and care leavers"
#: What the single inspection framework inspects; ``{services}`` in the text files.
SERVICES = f"services for children in need of help and protection, {_CARE}"


def _paragraphs(text: str) -> tuple[str, ...]:
    """One a blank line."""
    return tuple(" ".join(paragraph.split()) for paragraph in text.strip().split("\n\n"))


_PLAN_TO_UPDATE = (
    "Ofsted and the Care Quality Commission (CQC) ask the partnership to bring its strategic plan up to date."
)
FOLLOWED_BY = {
    "widespread": (
        "Inspectors will return to monitor progress after about a year and a half.",
        "The partnership has to prepare and submit a priority action plan for the areas named below.",
    ),
    "inconsistent": ("The next full inspection is due within about three years.", _PLAN_TO_UPDATE),
    "positive": ("The next full inspection is due within about five years.", _PLAN_TO_UPDATE),
}

METHOD = _paragraphs("""
Inspectors looked closely at what happens to children from the first call for help onwards. They read case records
together with the social workers who had written them, watched meetings, and spoke with children, parents, carers and
staff.

They also asked what the local authority knows about its own work, and whether that agrees with what they saw.
""")

ANNEX = _paragraphs("""
The Office for Standards in Education (Ofsted) regulates and inspects services that care for children and young people,
and services that teach learners of all ages. This document is an invented sample. The council, its staff and the
inspectors do not exist, and Ofsted has not written or approved a word of it.

If you would like this document in large print or Braille, please telephone 0300 000 0000.
""")

COPYRIGHT = _paragraphs("""
This document may be copied for any purpose. It is an invented sample in the layout of Ofsted’s reports: neither the
council nor the inspection exists.

Website: www.ofsted.gov.uk
""")

LEGAL_NOTE = (
    "The inspectorate combines in this report that of its inspection of the local authority and that of its review of "
    "the Local Safeguarding Children Board. The invented sample follows the layout of such reports only."
)

UPDATED_NOTE = "The local authority had the opportunity to correct this section and added figures of its own."

GRADES_2012 = (
    ("Outstanding (Grade 1)", "A service that goes well beyond the minimum"),
    ("Good (Grade 2)", "A service that goes beyond the minimum"),
    ("Adequate (Grade 3)", "A service that meets the minimum"),
    ("Inadequate (Grade 4)", "A service that falls below the minimum"),
)

MEANINGS = _paragraphs("""
A local authority is judged good where its services help, protect and care for children well, and where it can show that
their lives are the better for it.

A local authority requires improvement where nothing widespread or serious leaves children at risk, but where it does
not yet do what good services do.

A local authority is inadequate where there are widespread or serious failures that leave children harmed or at risk.
""")
