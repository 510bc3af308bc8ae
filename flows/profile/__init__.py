"""The pure heart: what a profile is, how inputs merge, what is exported and how it looks.

Reading order, which is also the way the data goes: ``line``, ``form``, ``rows``, ``identity``,
``fragment``, ``merge``, ``policy``, ``message``, ``oversize``; ``exporter`` is all of them in one,
``state`` packs profiles for the recovery store. Nothing here reads a clock, a file or the network,
so every decision can be repeated from its inputs alone.
"""
