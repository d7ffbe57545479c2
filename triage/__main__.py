"""`python -m triage`: the command, which Ctrl-C ends without a word while its parts are still being loaded."""

import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)

from triage.cli import main  # noqa: E402

main()
