"""What a peripheral's driver must do, whoever made it: one file of tests a peripheral, run over every board."""
