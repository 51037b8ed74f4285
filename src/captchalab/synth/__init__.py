"""Pictures that we draw: a scheme is one declaration, sample ``i`` a function of ``(seed, i)``."""
