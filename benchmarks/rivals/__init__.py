"""The other ways to write the same job, one file each, written to be fast and fair."""
