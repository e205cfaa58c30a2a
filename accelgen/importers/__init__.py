"""Readers of model files: each turns a file, as its framework saved it, into a `Network`."""
