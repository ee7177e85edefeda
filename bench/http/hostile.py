"""What each server does with clients that mean it ill or are merely broken. Facts, not timings."""

import contextlib
import socket
import time

from servers import Builds, Server

MB = 1 << 20


def first_line(connection: socket.socket) -> str:
    """The status of whatever is answered, or what happened instead."""
    try:
        answer = connection.recv(4096)
    except TimeoutError:
        return "no answer"
    except OSError:
        return "closed"
    return answer.split(b"\r\n", 1)[0].decode("latin-1").removeprefix("HTTP/1.1 ") if answer else "closed"


def settled_descriptors(server: Server) -> int:
    """How many it holds once that number has stopped to change."""
    last, since = server.descriptors(), time.monotonic()
    while time.monotonic() - since < 2:
        time.sleep(0.1)
        if (now := server.descriptors()) != last:
            last, since = now, time.monotonic()
    return last


def swallow(server: Server, head: bytes, chunk: bytes, count: int, tail: bytes = b"") -> str:
    """Sends head, chunk as often as count says, and tail: what is answered, and what memory it cost."""
    before, most = server.resident_mb(), 0.0
    with server.connect_tls() as connection:
        with contextlib.suppress(OSError):
            connection.sendall(head)
            for _ in range(count):
                connection.sendall(chunk)
                most = max(most, server.resident_mb())
            connection.sendall(tail)
        connection.settimeout(10)
        answer = first_line(connection)
        most = max(most, server.resident_mb())
    return f"{answer}, RSS +{max(most - before, 0):.0f} MB"


def large_body(server: Server) -> str:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (64 * MB)
    return swallow(server, head, b" " * (64 << 10), 1024)


def long_header(server: Server) -> str:
    line = b"X-Padding: " + b"a" * ((16 << 10) - 13) + b"\r\n"
    return swallow(server, b"POST / HTTP/1.1\r\nHost: x\r\n", line, 1024, b"\r\n")


def two_lengths(server: Server) -> str:
    with server.connect_tls() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}}")
        return first_line(connection)


def half_open(server: Server) -> str:
    """Clients that begin a handshake and then say nothing; and what is left of them when they have gone."""
    before = settled_descriptors(server)
    with contextlib.ExitStack() as clients:
        for _ in range(200):
            clients.enter_context(server.connect()).sendall(b"\x16\x03\x01\x02\x00\x01")
        time.sleep(8)
        held = settled_descriptors(server) - before
    return f"{held} held, {settled_descriptors(server) - before} when the clients have left"


def come_and_go(server: Server) -> str:
    """Clients that connect and leave at once, as a TCP probe or a port scan does."""
    before, memory = settled_descriptors(server), server.resident_mb()
    for _ in range(2000):
        server.connect().close()
    leaked = settled_descriptors(server) - before
    return f"{leaked} descriptors leaked, RSS +{max(server.resident_mb() - memory, 0):.0f} MB"


FACTS = [("a body of 64 MB", large_body), ("a header of 16 MB", long_header),
         ("two lengths that differ", two_lengths), ("200 half handshakes, for 8 s", half_open),
         ("2000 connects that leave", come_and_go)]


def compare(builds: Builds, baseline: bool) -> None:
    """Prints a line per fact; a fresh server for each."""
    kinds = [builds.berth] + ([builds.cpprest] if baseline else [])
    table = [["a hostile or broken client sends", *("Berth", "cpprest, 40 threads")[:len(kinds)]]]
    for heading, fact in FACTS:
        row = [heading]
        for start in kinds:
            with start() as server:
                row.append(fact(server))
        table.append(row)
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    for row in table:
        print("  ".join(f"{text:{width}}" for text, width in zip(row, widths)).rstrip())
