"""A second generator, coded apart: bodies painted voxel by voxel with soft ellipsoids and ovals, slice by slice.

It shares no anatomy and no scanner with the first one, only the names of structures and factors and the DICOM writer,
so that what was trained on one can be tested on the other.
"""
