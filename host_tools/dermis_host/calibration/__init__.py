"""The first calibration: dark, white target, two planes. Maths takes arrays and returns values; limits stand in one
table; the procedure measures, corrects and measures again; only an explicit commit writes."""
