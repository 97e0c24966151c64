"""What arrives: raw events stored before the answer, receipts merged by rank, nothing failed for being new."""
