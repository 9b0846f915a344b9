"""Receiving: mail that arrives for verified domains, the rules that are made for it, and what they do."""
