"""Profile export: customer profiles and audience events to Amazon Kinesis.

Start with ``profile_export``, the dataflow; each name in it is one file of this folder or of
``connectors``.
"""
