"""What fixtrail costs, each figure against a baseline of the same run: ``python -m tests.benchmarks``."""
