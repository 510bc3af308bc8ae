"""This project's own job, put behind the same face as the rivals."""
