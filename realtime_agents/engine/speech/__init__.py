"""Ears and mouth of the local engine: when somebody speaks, what was said, and saying it aloud."""
