"""A reader and samples -> figures. No torch."""
