"""Sockets and protocols: SMTP sessions, HTTP operations, TLS. Knows no provider by name."""
