"""Connectors for Bytewax: JSON Lines files and Amazon Kinesis. Nothing here knows of profiles."""
