"""Fetching of web pages: a guard against requests into private networks, robots, pace, sitemaps."""
