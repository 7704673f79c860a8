"""Writes the tables of docs/methods.md, docs/claims.md and README.md from docs/results/uncertainty.json.

secondlook evaluate --uncertainty --persons 2 --controls FOLDER --out docs/results/uncertainty.json
python -m scripts.uncertainty_page
"""

from __future__ import annotations

from scripts import quoting
from services.evaluation import uncertainty_tables as tables

RESULTS = quoting.RESULTS / "uncertainty.json"
BEGIN, END = "<!-- from docs/results/uncertainty.json; do not edit -->", "<!-- end of uncertainty -->"

if __name__ == "__main__":
    quoting.write(tables, RESULTS, BEGIN, END)
