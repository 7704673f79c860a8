"""Writes the tables of docs/methods.md, docs/claims.md and README.md from docs/results/failures.json.

secondlook evaluate --failures --persons 4 --out docs/results/failures.json
python -m scripts.failures_page
"""

from __future__ import annotations

from scripts import quoting
from services.evaluation import failures_tables as tables

RESULTS = quoting.RESULTS / "failures.json"
BEGIN, END = "<!-- from docs/results/failures.json; do not edit -->", "<!-- end of failures -->"

if __name__ == "__main__":
    quoting.write(tables, RESULTS, BEGIN, END)
