"""A report's table again, what a training run leaves behind, and the tables of RESULTS.md."""
