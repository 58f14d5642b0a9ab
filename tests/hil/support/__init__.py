"""What the suite stands on: which rigs there are, who has the port, what goes into the reports."""
