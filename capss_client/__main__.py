"""``python -m capss_client``: the command ``capss``."""

from capss_client.cli import main

if __name__ == "__main__":
    main()
