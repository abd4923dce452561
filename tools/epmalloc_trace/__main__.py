"""Stand-alone: python3 tools/epmalloc_trace replay FILE."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from epmalloc_trace.command import main  # noqa: E402

sys.exit(main())
