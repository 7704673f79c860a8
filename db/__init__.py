"""What is kept: the SQL store, its records and the image blobs."""
