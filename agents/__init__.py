"""Turns one task into commands and a result; knows models, sandboxes and policies as protocols."""
