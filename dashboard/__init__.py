"""What is shown: the Streamlit pages, the viewer and the HTTP routes. Computes nothing."""
