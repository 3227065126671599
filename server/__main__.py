"""`python -m server …` and `roadbook …`."""

from server.cli import main

if __name__ == "__main__":
    main()
