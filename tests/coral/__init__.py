"""The Coral's back end for the model, LiteRT, held against our own interpreter."""
