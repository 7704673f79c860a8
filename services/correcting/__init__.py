"""A reader corrects a mask by clicks: what is asked, how it is answered, and what becomes of it."""
