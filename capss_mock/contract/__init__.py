"""What is true of CAPSS, and how do we know? Frozen data with grades and citations; standard library only."""
