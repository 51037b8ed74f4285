"""Labelled pictures at rest."""
