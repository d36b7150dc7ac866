"""Decides what runs when and what lands; knows every other package."""
