"""The model's two inputs, version 1: what each number means. See docs/formats/feature-tensor.md.

Both are int8 and already quantised: the exported model's input scale is 1 and its zero point 0, so the
device hands them over as they are. The map is metric: a cell is 8 mm of the face whatever the distance,
centred on the face's centroid, rows along u (up when mounted), columns along v.
"""

VERSION = 1

ROWS, COLUMNS = 28, 24
CELL_MM = 8

# Channels of `maps`, int8 (1, ROWS, COLUMNS, CHANNELS). Cells outside the face are 0 in every channel.
MAP_CHANNELS = (
    ("albedo_850", "ln(R850 / face median), 1/64"),
    ("water_index", "ln R970 - .28 ln R850 - .72 ln R1050, 1/512"),
    ("slope_1050", "ln(R1050 / R850), 1/256"),
    ("relief", "depth behind the face's nearest part, 1 mm, less 64"),
    ("valid", "depth confidence 0-127"),
)
CHANNELS = len(MAP_CHANNELS)

# `spectra`, int8 (1, SPECTRA): natural logarithms, offset and scaled so that skin lies near 0.
SPECTRA_FIELDS = (
    ("swir_1450_1300", "ln(S1450/S1300) + 2.0, 1/32"),
    ("swir_1550_1300", "ln(S1550/S1300) + 1.4, 1/32"),
    ("swir_1200_1050", "ln(S1200/S1050) + .6, 1/64"),
    ("swir_1300_1050", "ln(S1300/S1050) + .4, 1/64"),
    ("swir_level_1050", "ln(S1050 / R1050 of the imager under the spot), 1/32: the two must agree"),
    ("swir_overlap", "part of the spot that lies on the face, 0-127"),
    ("water_index_median", "face median, 1/1024"),
    ("level_850", "ln R850 of the face median + .6, 1/32"),
    ("plane_residual", "RMS to the best plane, 1/8 mm, less 64"),
    ("cylinder_residual", "RMS to the best cylinder, 1/16 mm, less 64"),
)
SPECTRA = len(SPECTRA_FIELDS)
