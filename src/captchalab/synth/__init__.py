"""Pictures that we draw."""
