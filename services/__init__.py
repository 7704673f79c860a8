"""How things are done: ingest, findings, review. No page code lives here."""
