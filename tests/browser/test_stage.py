"""The stage keeps its own house: a browser that leaves in the middle of a page costs nothing."""

from __future__ import annotations

import socket
import struct
import time
from urllib.parse import urlsplit


def test_who_hangs_up_leaves_no_file_open(address):
    """Any left open is a ResourceWarning, and with it a failure of whichever test runs when it is swept up."""
    where = urlsplit(address)
    for _ in range(20):
        with socket.create_connection((where.hostname, where.port)) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.sendall(b"GET /static/icon.svg HTTP/1.1\r\nHost: here\r\n\r\n")
            time.sleep(0.005)
