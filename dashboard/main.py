"""Navigation only: which pages there are and in which order."""

from __future__ import annotations

import streamlit as st

from dashboard import notices
from dashboard.views import PAGES

st.set_page_config(page_title="Second Look", layout="wide")
notices.style()
with notices.known_errors():
    st.navigation([page.entry() for page in PAGES], position="top").run()
