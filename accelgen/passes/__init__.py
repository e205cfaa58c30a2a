"""Rewrites of a `Network`: one module each, usable and testable alone."""
