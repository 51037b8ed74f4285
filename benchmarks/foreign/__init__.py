"""Other people's readers behind our protocol."""
