"""Engines that run a function over many items: here, in several processes, or on Ray."""
