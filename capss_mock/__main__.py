"""``python -m capss_mock``: the command ``capss-mock``."""

from capss_mock.cli import main

if __name__ == "__main__":
    main()
