"""The wire itself: sockets, TLS, HTTP/1.1, threads."""
