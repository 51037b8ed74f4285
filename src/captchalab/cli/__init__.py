"""The command line: parse, call one plain function, print."""
