"""What this software is, what it is not, and what it keeps."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import cards, notices
from db.records import WorklistQuery
from services import workflow

if TYPE_CHECKING:
    from dashboard.context import Context

TEXT = """
**What it is.** Second Look shows CT scans of the abdominal aorta beside what models and readers drew on them, says
where they differ, and keeps the verdicts of the people who looked. It is made for clinicians who review flagged
cases, for quality teams who inspect failures, and for researchers.

**What it is not.** It is not a medical device and not for diagnosis. Nothing on its pages may decide about a patient's
treatment. Its flags are counts on masks: a case without a flag is not a case without an error.

**What it keeps.** Images, masks and verdicts, under pseudonyms, with shifted dates. Names, identifiers, free text and
the names of your files are dropped at the door. Verdicts and the audit trail are only ever added to, never changed.

**What leaves this machine.** Nothing. There are no usage statistics and no calls to other servers.

Data marked SYNTHETIC are generated and show no patient.
"""
SHOWN = ("secondlook", "streamlit", "sqlalchemy", "pydicom", "highdicom", "nibabel")


def render(context: Context) -> None:
    notices.header("About", "What is this software for, and what is it not for?")
    text, facts = st.columns([2, 1], gap="large")
    text.markdown(TEXT)
    rows = [[name, version(name)] for name in SHOWN] + [["Python", platform.python_version()]]
    count = workflow.worklist(context.desk, WorklistQuery(limit=1)).total
    with facts:
        st.html(cards.table("This installation", ("Part", "Version"), rows, numeric_from=99))
        st.html(f'<p class="sl-muted">{count} cases stored. Signed in as {cards.escaped(context.user)}.</p>')
