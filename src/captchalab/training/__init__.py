"""Samples -> model file."""
