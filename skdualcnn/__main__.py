"""Run the command line: python -m skdualcnn."""

from skdualcnn._cli import main

if __name__ == "__main__":
    raise SystemExit(main())
