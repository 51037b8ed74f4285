"""Many trainings or many readings -> an answer."""
