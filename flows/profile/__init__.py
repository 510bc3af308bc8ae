"""The pure heart: what a profile is, how inputs merge into it, when it is exported and how it looks.

Reading order, which is also the way the data goes: ``instant``, ``identity``, ``fragment``,
``merge``, ``policy``, ``message``; ``state`` packs profiles for the recovery store. Nothing here
reads a clock, a file or the network, so every decision can be repeated from its inputs alone.
"""
