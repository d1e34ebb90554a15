"""The command line's groups of commands, one module each; ``cli`` puts them together."""
