"""What happens: decisions without HTTP, without a database, without reading a clock."""
