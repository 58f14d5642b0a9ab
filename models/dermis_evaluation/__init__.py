"""What only the test may use. Nothing that trains or tunes a model imports this package (import-linter holds it)."""
