"""Peers that do not behave: sockets that send what we like, to the server and as its endpoint."""

import json
import socket
import struct
import threading

MANIFEST_TYPE = "application/vnd.restate.endpointmanifest.v1+json"
PROTOCOL_TYPE = "application/vnd.restate.invocation.v5"


def send_raw(port, data, timeout=10):
    """Sends bytes to a port and returns all that comes back until the other side closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as s:
        s.sendall(data)
        try:
            s.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        answer = b""
        try:
            while chunk := s.recv(65536):
                answer += chunk
        except (ConnectionResetError, TimeoutError):
            pass
        return answer


# --- Frames of the service protocol ---


def frame(kind, payload=b"", length=None):
    return struct.pack(">HHI", kind, 0, len(payload) if length is None else length) + payload


def field(number, payload):
    """A length-delimited protobuf field of less than 128 bytes."""
    key = (number << 3) | 2
    tag = bytes([key]) if key < 128 else bytes([key & 0x7F | 0x80, key >> 7])
    return tag + bytes([len(payload)]) + payload


OUTPUT = 0x0401
END = frame(0x0003)


def output(value):
    return frame(OUTPUT, field(14, field(1, value)))


# --- An endpoint ---


def response(body, status="200 OK", content_type=PROTOCOL_TYPE):
    return (f"HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {len(body)}\r\n"
            f"connection: close\r\n\r\n").encode() + body


class Listener:
    """Accepts on a port of its own and runs `serve(socket)` on a thread for each connection."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._guard, args=(peer,), daemon=True).start()

    def _guard(self, peer):
        with peer:
            try:
                self.serve(peer)
            except OSError:
                pass

    def serve(self, peer):
        raise NotImplementedError

    def close(self):
        self.socket.close()


class RawEndpoint(Listener):
    """An HTTP/1.1 endpoint whose handlers are raw answers: name -> bytes after the request."""

    def __init__(self, handlers, discovery=None):
        self.handlers = handlers
        self.discovery = discovery
        self.attempts = {}
        super().__init__()

    def manifest(self):
        return {"protocolMode": "REQUEST_RESPONSE", "minProtocolVersion": 5, "maxProtocolVersion": 5,
                "services": [{"name": "Raw", "ty": "SERVICE",
                              "handlers": [{"name": name} for name in self.handlers]}]}

    def serve(self, peer):
        reader = peer.makefile("rb")
        path = reader.readline().split()[1].decode()
        length, chunked = 0, False
        while (line := reader.readline()) not in (b"\r\n", b""):
            name, value = line.decode().lower().split(":", 1)
            if name == "content-length":
                length = int(value)
            chunked = chunked or (name == "transfer-encoding" and "chunked" in value)
        reader.read(length)
        while chunked and (size := int(reader.readline(), 16)) > 0:
            reader.read(size + 2)
        if path.endswith("/discover"):
            answer = self.discovery
            if answer is None:
                answer = response(json.dumps(self.manifest()).encode(), content_type=MANIFEST_TYPE)
        else:
            name = path.rsplit("/", 1)[1]
            self.attempts[name] = self.attempts.get(name, 0) + 1
            answer = self.handlers[name]
        peer.sendall(answer)


class Proxy(Listener):
    """Passes bytes to a real endpoint, until it is told to go mad."""

    def __init__(self, target):
        self.target = target
        self.garbage = None  # instead of the endpoint's bytes
        self.cut_after = None  # bytes of the endpoint, then the connection is closed
        self.connections = 0
        super().__init__()

    def serve(self, peer):
        self.connections += 1
        if self.garbage is not None:
            peer.sendall(self.garbage)
            peer.recv(65536)
            return
        with socket.create_connection(("127.0.0.1", self.target)) as endpoint:
            threading.Thread(target=self._forward, args=(peer, endpoint), daemon=True).start()
            passed = 0
            while data := endpoint.recv(65536):
                if self.cut_after is not None and passed + len(data) > self.cut_after:
                    peer.sendall(data[:self.cut_after - passed])
                    break
                passed += len(data)
                peer.sendall(data)
            # Closing would not do: the other thread still holds the socket.
            peer.shutdown(socket.SHUT_RDWR)

    def _forward(self, source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass
