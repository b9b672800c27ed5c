"""Judges a program: plays scenarios to it, and holds what it said against what the server holds."""
