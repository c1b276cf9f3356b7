"""A report's table again, and what a training run leaves behind."""
