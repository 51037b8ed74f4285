"""The HTTP server: readings, models and pages behind one address."""
