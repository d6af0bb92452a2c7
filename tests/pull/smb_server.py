"""A real SMB server on loopback, in a process of its own: `python smb_server.py PORT FOLDER USER` with SMB_PASSWORD."""

import os
import sys

from impacket.ntlm import compute_lmhash, compute_nthash
from impacket.smbserver import SimpleSMBServer


def main(port: int, folder: str, user: str) -> None:
    """Serve the folder as the share `export` to one user until the process ends."""
    password = os.environ["SMB_PASSWORD"]
    server = SimpleSMBServer(listenAddress="127.0.0.1", listenPort=port)
    server.setSMB2Support(True)
    server.addShare("export", folder, readOnly="yes")
    server.addCredential(user, 1000, compute_lmhash(password), compute_nthash(password))
    server.setLogFile("")
    server.start()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
