"""`make bench`: figures, none of them a test."""
