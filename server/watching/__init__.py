"""Watching: logs, health, measures. It counts and looks; it names nobody, and nothing that it finds stops a request."""
