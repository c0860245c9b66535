"""Serve the synthetic day of a shop, to look at pages with:  python tests/api/serve.py [PORT] [PREFIX]."""

from __future__ import annotations

import sys
from pathlib import Path

import uvicorn

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.sinks.analysis_data import shop_analysis

from tracetune.api.app import Options, create_app
from tracetune.api.snapshots import fixed

if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8088
    prefix = sys.argv[2] if len(sys.argv) > 2 else ""
    application = create_app(fixed(shop_analysis()), options=Options(prefix=prefix))
    uvicorn.run(application, host="127.0.0.1", port=port, log_level="warning")
