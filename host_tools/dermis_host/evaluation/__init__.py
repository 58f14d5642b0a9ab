"""Scores to figures, figures to a report, and the runs that make the scores (docs/evaluation.md).

Terms are those of ISO/IEC 30107-3: bona fide presentation, attack presentation, PAI species, APCER, BPCER, APNRR,
BPNRR. Nothing here imports the models, the renderer or the module's link while it is imported itself.
"""
