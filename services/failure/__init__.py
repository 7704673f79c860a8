"""From maps and reviews to failures: which cases are unacceptable, and what finds them."""
