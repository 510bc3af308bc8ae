"""Running the dataflow: the recovery store it resumes from, and one execution of it."""
