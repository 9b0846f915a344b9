"""Viewers of a running sandbox: a web page and a terminal program, both plain clients of its API."""
