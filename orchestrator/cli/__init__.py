"""The command line: a file for each command, one boundary for what goes wrong, one module for terminals."""
