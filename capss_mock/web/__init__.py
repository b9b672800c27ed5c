"""How it looks on the wire: HTTP in, HTTP out."""
