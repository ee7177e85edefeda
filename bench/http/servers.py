"""The servers that are compared: how each is started, and what the kernel says of it while it runs."""

import os
import pathlib
import socket
import ssl
import subprocess
import tempfile

HERTZ = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")

# The server on one core and whoever talks to it on the other; with one core they share it.
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORES, CLIENT_CORES = {CORES[0]}, {CORES[-1]}


class Server:
    """A running server on 127.0.0.1. A context manager: it ends with its block."""

    def __init__(self, name: str, command: list[str]):
        self.name = name
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, SERVER_CORES))
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{name} did not start: {' '.join(command)}")
        self.port = int(line)

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_) -> None:
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    def _proc(self, name: str) -> pathlib.Path:
        return pathlib.Path(f"/proc/{self._process.pid}/{name}")

    def cpu_seconds(self) -> float:
        fields = self._proc("stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / HERTZ

    def resident_mb(self) -> float:
        return int(self._proc("statm").read_text().split()[1]) * PAGE / 1e6

    def descriptors(self) -> int:
        return len(os.listdir(self._proc("fd")))

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def connect_tls(self) -> ssl.SSLSocket:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context.wrap_socket(self.connect())


class Builds:
    """Where the programs are, and a certificate for all of them."""

    def __init__(self, programs: pathlib.Path):
        self.programs = programs
        self._folder = tempfile.TemporaryDirectory(prefix="berth-bench-")
        self._certificate, self._key = (os.path.join(self._folder.name, name) for name in ("cert.pem", "key.pem"))
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
             "-days", "2", "-subj", "/CN=localhost", "-keyout", self._key, "-out", self._certificate],
            check=True, capture_output=True)

    def berth(self) -> Server:
        return Server("Berth", [str(self.programs / "berth_server"), self._certificate, self._key])

    def cpprest(self, threads: int = 0) -> Server:
        """threads 0: as it comes, with 40."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        return Server(
            f"cpprest, {threads or 40} thread{'' if threads == 1 else 's'}",
            [str(self.programs / "cpprest_server"), self._certificate, self._key, str(port), str(threads)])
