"""An HTTP server on loopback that hands every request on to another and remembers what was asked."""

import http.client
import threading
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit
import json

HEADERS = ("x-api-key", "authorization", "x-integration", "x-bosa-integration",
           "x-gl-error-contract", "x-trace-of-mine")


def flatten(value, name, into):
    """Puts the leaves of a JSON value into a flat dictionary, with their kind where it matters."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            flatten(item, f"{name}.{key}", into)
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            flatten(item, f"{name}.{index}", into)
    else:
        into[name] = json.dumps(value, ensure_ascii=False)


def repeated(pairs, name, into):
    """The same for pairs whose names may come more than once; their order within a name counts."""
    counts = {}
    for key, value in pairs:
        counts[key] = counts.get(key, -1) + 1
        into[f"{name}.{key}.{counts[key]}"] = value


def multipart(content_type, body, into):
    """The parts of a multipart body: their own headers and content."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    boundary = BytesParser(policy=HTTP).parsebytes(head).get_boundary().encode()
    chunks = body.split(b"--" + boundary)
    whole = chunks[0] in (b"", b"\r\n") and chunks[-1].startswith(b"--")
    into["body.framing"] = "whole" if whole else "broken"
    counts = {}
    for chunk in chunks[1:-1]:
        raw, _, content = chunk[2:-2].partition(b"\r\n\r\n")
        fields = {}
        for line in raw.decode("utf-8", "backslashreplace").split("\r\n"):
            key, _, value = line.partition(":")
            fields[key.strip().lower()] = value.strip()
        disposition = fields.get("content-disposition", "")
        name = disposition.partition('name="')[2].partition('"')[0]
        counts[name] = counts.get(name, -1) + 1
        place = f"body.{name}.{counts[name]}"
        into[place] = content.decode("utf-8", "backslashreplace")
        for key, value in fields.items():
            into[f"{place}.{key}"] = value


def normal_form(method, target, headers, body):
    """A request as a flat dictionary of strings, in which equal means the same to a server."""
    url = urlsplit(target)
    form = {"method": method, "path": url.path}
    repeated(parse_qsl(url.query, keep_blank_values=True), "query", form)
    for name in HEADERS:
        if headers.get(name) is not None:
            form[f"header.{name}"] = ", ".join(headers.get_all(name))
    content_type = headers.get("content-type")
    media = (content_type or "").partition(";")[0].strip().lower()
    if media:
        form["header.content-type"] = media
    if media == "application/json":
        flatten(json.loads(body), "body", form)
    elif media == "application/x-www-form-urlencoded":
        repeated(parse_qsl(body.decode(), keep_blank_values=True), "body", form)
    elif media == "multipart/form-data":
        multipart(content_type, body, form)
    elif body:
        form["body"] = body.decode("utf-8", "backslashreplace")
    return form


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def body(self):
        """The request's body, whichever way its length is given."""
        if "chunked" not in self.headers.get("transfer-encoding", "").lower():
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        parts = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(parts)

    def answer(self):
        body = self.body()
        target = self.requestline.split(" ")[1]
        self.server.remember(normal_form(self.command, target, self.headers, body))
        upstream = http.client.HTTPConnection(*self.server.upstream, timeout=30)
        upstream.putrequest(self.command, target, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in ("host", "connection", "content-length", "transfer-encoding", "expect"):
                upstream.putheader(name, value)
        if body or self.command in ("POST", "PUT", "PATCH"):
            upstream.putheader("Content-Length", str(len(body)))
        upstream.endheaders(body or None)
        reply = upstream.getresponse()
        content = self.server.without_hidden(target, reply.read())
        self.send_response_only(reply.status, reply.reason)
        for name, value in reply.getheaders():
            if name.lower() not in ("connection", "content-length", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        upstream.close()

    do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = do_HEAD = answer


class Capture(ThreadingHTTPServer):
    """Serves at `url` until closed. `take` gives what was asked since it was last called."""

    daemon_threads = True

    def __init__(self, upstream, hidden):
        """`hidden` is {connector: [action]}: actions left out of what discovery answers."""
        super().__init__(("127.0.0.1", 0), Handler)
        self.hidden = hidden
        url = urlsplit(upstream)
        self.upstream = (url.hostname, url.port)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.lock = threading.Lock()
        self.requests = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def without_hidden(self, target, content):
        if not target.startswith("/connectors/?") or not self.hidden:
            return content
        schemas = json.loads(content)
        for connector, actions in self.hidden.items():
            for action in actions:
                schemas.get(connector, {}).pop(action, None)
        return json.dumps(schemas).encode()

    def remember(self, form):
        with self.lock:
            self.requests.append(form)

    def take(self):
        with self.lock:
            taken, self.requests = self.requests, []
        return taken
