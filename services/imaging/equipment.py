"""Maker, model and kernel of a scanner by closed lists: a field of free text may hold a name as well."""

from __future__ import annotations

import re
from collections.abc import Sequence

MAKERS = {
    "siemens": "Siemens",
    "ge": "GE",
    "general": "GE",
    "philips": "Philips",
    "toshiba": "Toshiba",
    "canon": "Canon",
    "hitachi": "Hitachi",
    "fuji": "Fujifilm",
    "fujifilm": "Fujifilm",
    "neusoft": "Neusoft",
    "uih": "United Imaging",
    "united": "United Imaging",
    "shimadzu": "Shimadzu",
    "picker": "Picker",
    "marconi": "Marconi",
    "elscint": "Elscint",
    "imatron": "Imatron",
    "neurologica": "NeuroLogica",
    "samsung": "Samsung",
    "analogic": "Analogic",
    "minfound": "MinFound",
    "sinovision": "Sinovision",
    "anke": "Anke",
    "mediso": "Mediso",
    "varian": "Varian",
    "elekta": "Elekta",
    "accuray": "Accuray",
    "carestream": "Carestream",
    "planmeca": "Planmeca",
    "synthetic": "SYNTHETIC",
}
"""First word of Manufacturer in small letters, and how we write that maker."""
_MODEL_WORDS = """
    somatom definition flash force drive edge as confidence go top all now up sim open perspective spirit scope
    sensation emotion volume zoom plus balance duo smart naeotom alpha peak prime biograph mct vision horizon
    symbia intevo truepoint tf lightspeed vct pro ultra xt xtra qx qxi hispeed nxi fx dx lx i ct pet rt
    revolution evo hd apex ascend frontier maxima discovery optima brightspeed elite select xl ste rx st mi iq
    infinia hawkeye brilliance ict ingenuity core iqon spectral access incisive mx idt gemini gxl big bore
    vereos precedence aquilion one genesis lb precision exceed serve lightning start cx rxl cxl asteion multi
    activion alexion celesteion scenaria supria eclos presto pratico robusto fct speedia neuviz extra essence
    epoch gravity glory uct umi atlas astound lite panorama excel air bodytom ceretom omnitom eiba tomo scan
    scanner generator synthetic system medical imaging slice slices dual source energy single photon counting
    tera quantum sp a b c s x g k t
"""
MODEL_WORDS = frozenset(_MODEL_WORDS.split())
"""Every word of a kept model name is one of these, in any case. A name of a person or of a house is none of them."""
MODEL_NUMBERS = frozenset({"2007", "2010", "2000", "3000", "5000", "6000", "7000", "7500", "8000", "9000"})
"""Numbers of four digits that are part of a model's name; shorter ones may always be."""
_KERNEL_WORDS = """
    standard stnd soft lung bone plus detail edge chst chest hd body head sharp smooth medium ultra std brain
    abdomen spine ear very filter asir adaptive
"""
KERNEL_WORDS = frozenset(_KERNEL_WORDS.split())
KERNEL_CODE = re.compile(r"[A-Z]{0,3}[a-z]{0,2}\d{1,3}[a-z]{0,2}(_\d)?|[A-Z]{1,3}")
"""B30f, Br40d, FC03, I31s, YA, 3: at most three capitals, three digits and two small letters on each side."""


def maker(value: object) -> str | None:
    """The maker as we write it, or None where it is none that we know."""
    words = re.findall(r"[a-z]+", _first(value).lower())
    return MAKERS.get(words[0]) if words else None


def model(value: object) -> str | None:
    """The words and numbers of a model name that are known; None where there is none. What is unknown is left out."""
    kept = [word for word in _first(value).split()[:8] if _is_known(word)]
    return " ".join(kept) or None


def kernel(value: object) -> str | None:
    """The reconstruction kernel (the first value of several), or None where it does not look like one."""
    text = _first(value)
    words = re.findall(r"[A-Za-z]+", text)
    in_words = bool(words) and all(word.lower() in KERNEL_WORDS or len(word) == 1 for word in words)
    plain = re.fullmatch(r"[A-Za-z0-9 _+\-]{1,16}", text) is not None
    digits = re.sub(r"\D", "", text)
    known = (in_words and plain and len(digits) <= 3) or KERNEL_CODE.fullmatch(text)
    return text if known else None


def _is_known(word: str) -> bool:
    parts = re.findall(r"[A-Za-z]+|\d+", word)
    plain = re.fullmatch(r"\(?[A-Za-z0-9][A-Za-z0-9.+\-/]*(?<!\.)\)?", word) is not None
    return plain and bool(parts) and all(_is_known_part(part.lower()) for part in parts) and _few_digits(word)


def _is_known_part(part: str) -> bool:
    return (len(part) <= 3 or part in MODEL_NUMBERS) if part.isdigit() else part in MODEL_WORDS


def _few_digits(word: str) -> bool:
    digits = re.sub(r"\D", "", word)
    return len(digits) <= 3 or digits in MODEL_NUMBERS


def _first(value: object) -> str:
    """The first value of an element that may have several."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        value = value[0] if value else ""
    return str(value or "").strip("\0 \t\r\n")
