"""The app as users run it, but without a network: `python -m tests.serve PORT [--without-torch]`.

With --without-torch, importing torch fails: what must not wait for it has to work all the same.
"""

from __future__ import annotations

import sys

from tests.offline import refuse_network

if __name__ == "__main__":
    refuse_network()
    if "--without-torch" in sys.argv:
        sys.modules["torch"] = None  # type: ignore[assignment]
    from streamlit.web import cli

    port = sys.argv[1]
    sys.argv = ["streamlit", "run", "app/main.py", "--server.port", port]
    cli.main()
