"""From a mask to what is measured of the aorta. All lengths in mm, points LPS, arrays [k, j, i]."""
