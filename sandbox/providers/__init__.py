"""One folder for each provider; found by its name, none knows another."""
