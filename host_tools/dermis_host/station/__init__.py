"""The end-of-line station: one unit after the other through OpenHTF, a record of each, and the report of a lot."""
