"""Roadbook in a network without a domain: a root certificate of the firm's own, and the page that gets it trusted."""
