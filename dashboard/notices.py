"""What is the same on every page: the stylesheet, the header with its badges, and how our errors look."""

from __future__ import annotations

import html
from contextlib import contextmanager
from typing import TYPE_CHECKING

import streamlit as st

from services.errors import SecondLookError

if TYPE_CHECKING:
    from collections.abc import Iterator

STYLE = """<style>
[data-testid="stMainBlockContainer"] { padding: 3.5rem 16px 8px 16px; max-width: none; }
[data-testid="stVerticalBlock"] { gap: 8px; }
[data-testid="stHtml"] { font-variant-numeric: tabular-nums; }
.sl-header { display: flex; align-items: center; gap: 8px; min-height: 32px; flex-wrap: wrap; }
.sl-header h1 { font-size: 16px; font-weight: 600; margin: 0 8px 0 0; padding: 0; }
.sl-question { color: var(--sl-muted); }
.sl-badge, .sl-chip { border: 1px solid var(--sl-line); border-radius: 4px; padding: 1px 8px; font-size: 12px;
  line-height: 20px; white-space: nowrap; }
.sl-badge.synthetic { color: #D29922; border-color: #D29922; font-weight: 600; }
.sl-badge.alarm { color: #F85149; border-color: #F85149; }
.sl-badge.notice { color: var(--sl-muted); margin-left: auto; }
.sl-chip { cursor: pointer; color: inherit; background: none; font-family: inherit; max-width: 44ch; overflow: hidden;
  text-overflow: ellipsis; }
.sl-chip.s1 { border-color: var(--sl-line); } .sl-chip.s2 { border-color: #D29922; }
.sl-chip.s3 { border-color: #F85149; }
.sl-chip:hover, .sl-chip:focus-visible, .sl-finding:hover, .sl-finding:focus-visible { border-color: #4C9AFF;
  outline: 1px solid #4C9AFF; }
.sl-finding { display: block; width: 100%; text-align: left; border: 1px solid var(--sl-line); border-left-width: 4px;
  border-radius: 4px; padding: 8px; margin-bottom: 8px; background: none; color: inherit; font: inherit;
  cursor: pointer; }
.sl-finding.s2 { border-left-color: #D29922; } .sl-finding.s3 { border-left-color: #F85149; }
.sl-table { width: 100%; border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
.sl-table th { text-align: left; font-weight: 500; color: var(--sl-muted); border-bottom: 1px solid var(--sl-line); }
.sl-table td, .sl-table th { padding: 4px 8px 4px 0; vertical-align: top; }
.sl-table a, .sl-decision a { color: #4C9AFF; }
.sl-table td.n, .sl-table th.n { text-align: right; }
.sl-decision { font-size: 15px; line-height: 1.5; margin: 0 0 4px; }
.sl-jump { border: none; background: none; color: #4C9AFF; font: inherit; padding: 0; cursor: pointer;
  white-space: nowrap; }
.sl-jump:hover, .sl-jump:focus-visible { text-decoration: underline; outline: 1px solid #4C9AFF; }
.sl-whole { white-space: nowrap; }
.sl-why { color: var(--sl-muted); }
.sl-fold summary { cursor: pointer; font-size: 13px; padding: 4px 0; }
.sl-doubt { border-left: 4px solid var(--ramp); padding: 2px 0 2px 8px; margin: 0 0 12px; font-size: 13px; }
.sl-doubt strong { font-size: 14px; margin-right: 4px; }
.sl-rank { position: relative; height: 6px; margin: 6px 0 4px; border-radius: 3px; max-width: 320px;
  background: var(--sl-line); }
.sl-rank i { position: absolute; top: -3px; width: 4px; height: 12px; margin-left: -2px; background: var(--ramp);
  border-radius: 2px; }
.sl-shown { border: 1px solid var(--sl-line); border-radius: 4px; padding: 8px; margin: 0 0 8px; font-size: 13px; }
.sl-shown.fails { border-left: 4px solid #D29922; } .sl-shown.holds { border-left: 4px solid #009E73; }
.sl-caption { margin: 4px 0 0; font-size: 13px; } .sl-caption strong { font-size: 14px; margin-right: 4px; }
.sl-data { color: #4C9AFF; white-space: nowrap; }
.sl-moved { display: flex; gap: 32px; align-items: flex-start; max-width: 1000px; }
.sl-gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(112px, 1fr)); gap: 8px; font-size: 12px; }
.sl-gallery a { color: inherit; text-decoration: none; border: 1px solid var(--sl-line); border-radius: 4px; }
.sl-gallery a:hover, .sl-gallery a:focus-visible { border-color: #4C9AFF; outline: 1px solid #4C9AFF; }
.sl-gallery img, .sl-gallery .none { display: block; width: 100%; aspect-ratio: 1; background: #000; }
.sl-gallery .sl-badge { font-size: 10px; line-height: 14px; padding: 0 4px; } .sl-gallery p { margin: 0; padding: 4px; }
.sl-muted { color: var(--sl-muted); font-size: 13px; }
.sl-scroll { max-height: 448px; overflow-y: auto; border-bottom: 1px solid var(--sl-line); }
.sl-table caption { text-align: left; padding: 8px 0 4px; font-weight: 600; }
[data-testid="stColumn"]:has(.st-key-image) { position: sticky; top: 56px; align-self: flex-start; }
[data-testid="stToastContainer"] { top: auto; bottom: 16px; }
:root { --sl-muted: color-mix(in srgb, currentColor 66%, transparent);
  --sl-line: color-mix(in srgb, currentColor 22%, transparent); }
</style>"""


def style() -> None:
    st.html(STYLE)


def header(title: str, question: str = "", *, synthetic: bool = False, chips: str = "") -> None:
    """The first line of a page. `chips`: trusted HTML from cards; everything else is escaped here."""
    badge = '<span class="sl-badge synthetic" title="Generated data, no patient">SYNTHETIC</span>' if synthetic else ""
    st.html(
        f'<div class="sl-header"><h1>{html.escape(title)}</h1>{badge}{chips}'
        f'<span class="sl-question">{html.escape(question)}</span>'
        '<span class="sl-badge notice">Not for diagnosis</span></div>'
    )


@contextmanager
def known_errors() -> Iterator[None]:
    """Say our own errors in three lines; let bugs surface."""
    try:
        yield
    except SecondLookError as error:
        header("Second Look")
        st.error(f"{error.must}\n\nFound: {error.found}\n\n{error.todo}")
