"""From a label map of the aorta to its centreline, its diameters, volumes and places along it."""
