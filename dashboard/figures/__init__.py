"""Plotly figures: pure functions from records to a figure, without Streamlit."""
