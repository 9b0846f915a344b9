"""The sandbox's domain name system: zones, look-ups, and where mail for a domain goes."""
