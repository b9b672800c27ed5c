"""Judges a server (this mock, or the sandbox with the user's own account): asks it, and holds answers against rules."""
