"""Keys of the little that a browser session keeps; everything else is in the URL or in the store."""

from __future__ import annotations

from dataclasses import dataclass, field

import streamlit as st

from db.records import Index3, WorklistQuery

KEY = "secondlook"
CASE_PARAMETER, PLACE_PARAMETER = "case", "at"
MODEL, MEASURE = "model", "measure"
FIRST_MODEL, SECOND_MODEL, REFERENCE, THRESHOLD = "first", "second", "reference", "threshold"
CHANGES = "changes"
DOUBT_MODEL, DOUBT_MEASURE, DOUBT_STRATUM, DOUBT_STRUCTURE = "of", "doubt", "cases", "structure"
DOUBT_ORDER, PARTS = "order", "parts"
FAILURE_ERROR, FAILURE_SCORE, ERROR_CUT, SCORE_CUT, QUADRANT = "error", "score", "error_cut", "score_cut", "quadrant"
GALLERY_BY, PIECES_BY, PIECES_KIND, PIECES_OF = "by", "pieces", "kind", "part"
MATRIX, PAIR_MEASURE, DISPUTED_BY = "matrix", "pair_measure", "disputed_by"
BUDGET, REVIEWED, COMING, SCORES, RISK = "budget", "reviewed", "coming", "scores", "risk"
DRIFT, DRIFTED = "drift", "drifted"
MOVED_FROM, MOVED_TO, EVERY_SCORE = "from", "to", "every"
VERDICT_REASON = "review_reason"
VERDICT_NOTE = "review_note"
VERDICT_PLACE = "review_place"
VIEWER, IMAGE = "viewer", "image"
OTHER_PARAMETER = "other"
SURFACE, SURFACE_COLOUR = "surface", "surface_colour"
TABLE = "table"
INTAKE = "intake"
ANALYSIS = "analysis"


@dataclass
class ReviewState:
    """The list a reader walks through, the place last marked, and the cases already opened in this session."""

    query: WorklistQuery = field(default_factory=WorklistQuery)
    case_key: str = ""
    place: Index3 | None = None
    opened: set[str] = field(default_factory=set)


def place_text(place: Index3) -> str:
    """A voxel as an address writes it: '88,120,131'."""
    return ",".join(map(str, place))


def place_of(text: str) -> Index3 | None:
    """The voxel that an address names; None where it names none."""
    parts = text.split(",")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 6 for part in parts):
        return None
    k, j, i = map(int, parts)
    return k, j, i


def review_state() -> ReviewState:
    if KEY not in st.session_state:
        st.session_state[KEY] = ReviewState()
    state: ReviewState = st.session_state[KEY]
    return state
