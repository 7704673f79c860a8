"""SYNTHETIC scans made of formulas: no patient is in them. docs/phantoms.md says what is, and what cannot be shown."""
