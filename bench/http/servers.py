"""The servers that are compared: how each is started, and what the kernel says of it while it runs."""

import contextlib
import os
import pathlib
import re
import socket
import ssl
import string
import subprocess
import tempfile
import time

HERTZ = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")

# The server on one core and whoever talks to it on the other; with one core they share it.
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORES, CLIENT_CORES = {CORES[0]}, {CORES[-1]}


class Server:
    """A running server on 127.0.0.1. A context manager: it ends with its block.

    Its first line begins with the port it listens on, or with its URL; a server that prints nothing is told its port.
    """

    def __init__(self, name: str, command: list[str], port: int = 0):
        self.name = name
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, SERVER_CORES))
        self.port = self._when_it_listens(port) if port else self._told_port()
        if not self.port:
            raise SystemExit(f"{name} did not start: {' '.join(command)}")

    def _told_port(self) -> int:
        found = re.match(r"(?:https://127\.0\.0\.1:)?(\d+)", self._process.stdout.readline())
        return int(found[1]) if found else 0

    def _when_it_listens(self, port: int) -> int:
        while self._process.poll() is None:
            with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
                return port
            time.sleep(0.02)
        return 0

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


# One process that is its own only worker. `return` alone would answer before the body is there and then throw it
# away in pieces of 4 KB. A request that is mirrored is read whole, into memory, before nginx goes on; the mirror is
# this server too and ends there, so that nothing is sent on. A header buffer of 8 KB takes a small review in with
# its header.
NGINX = string.Template("""
daemon off;
master_process off;
worker_processes 1;
pid $folder/nginx.pid;
error_log stderr;
events { worker_connections 1024; }
http {
  access_log off;
  default_type application/json;
  root $folder/none;
  open_file_cache max=8;
  open_file_cache_errors on;
  keepalive_requests 1000000000;
  client_header_buffer_size 8k;
  client_body_buffer_size 256k;
  client_max_body_size 7m;
  client_body_temp_path $folder/body;
  proxy_temp_path $folder/unused;
  fastcgi_temp_path $folder/unused;
  uwsgi_temp_path $folder/unused;
  scgi_temp_path $folder/unused;
  server {
    listen 127.0.0.1:$port ssl;
    ssl_protocols TLSv1.3;
    ssl_certificate $certificate;
    ssl_certificate_key $key;
    location / { mirror /mirror; try_files /none @answer; }
    location = /mirror { internal; return 204; }
    location @answer { return 200 $answer; }
  }
}
""")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Builds:
    """Where the programs are, and a certificate for all of them."""

    def __init__(self, programs: pathlib.Path, nginx: pathlib.Path | None):
        self.programs = programs
        self._nginx = nginx
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
        port = free_port()
        return Server(
            f"cpprest, {threads or 40} thread{'' if threads == 1 else 's'}",
            [str(self.programs / "cpprest_server"), self._certificate, self._key, str(port), str(threads)])

    def nginx(self, kilobytes: int) -> Server:
        """Takes every request in and always says the same, the right answer to a review of that size."""
        answer = self._answer(kilobytes)
        if "$" in answer:
            raise SystemExit("nginx would take the $ in the answer for a variable")
        quoted = answer.replace("\\", "\\\\").replace("'", "\\'")
        port = free_port()
        path = os.path.join(self._folder.name, "nginx.conf")
        text = NGINX.substitute(folder=self._folder.name, port=port, certificate=self._certificate, key=self._key,
                                answer=f"'{quoted}'")
        pathlib.Path(path).write_text(text, encoding="utf-8")
        return Server("nginx", [str(self._nginx / "usr/sbin/nginx"), "-c", path], port)

    def go(self, kilobytes: int) -> Server:
        """net/http and encoding/json: reads every review and always says the same, as nginx."""
        return Server("Go", ["env", "GOMAXPROCS=1", str(self.programs / "bench-webhook"), "noop",
                             f"--answer={self._answer(kilobytes)}"])

    def _answer(self, kilobytes: int) -> str:
        return subprocess.run([str(self.programs / "load"), str(kilobytes), "answer"], check=True, capture_output=True,
                              text=True).stdout
