"""What pages of other origins can do to a server without keys, tried in a real Chromium.

usage: neighbours.py PROGRAM        (the built striate; needs chromium and chromedriver, from Debian's packages)

A page is served from another port of this machine, and again under a name that is made to lead here (as DNS
rebinding does). It tries to unload a model, to continue a sequence, and to read answers; the server must be as
before, and the page must have read nothing. The server's own page must still work.
"""
import http.server
import json
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

PAGE = """<!doctype html><title>a page</title><form id=f method=post enctype=text/plain></form>"""

# Runs in the page; answers with what the page got to see of each attempt.
TRY = """
const [server, done] = arguments;
const infer = '{"inputs":[{"name":"tokens","shape":[2,1],"datatype":"INT64","data":[0,1]}]}';
const attempts = {
  'unload, text/plain': ['/v2/repository/models/brackets/unload',
    {method: 'POST', mode: 'no-cors', headers: {'Content-Type': 'text/plain'}, body: '{}'}],
  'unload, no body': ['/v2/repository/models/brackets/unload', {method: 'POST', mode: 'no-cors'}],
  'unload, readable': ['/v2/repository/models/brackets/unload', {method: 'POST', body: '{}'}],
  'unload, JSON': ['/v2/repository/models/brackets/unload',
    {method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{}'}],
  'infer, text/plain': ['/v2/models/brackets/infer',
    {method: 'POST', headers: {'Content-Type': 'text/plain'}, body: infer}],
  'read the models': ['/models', {}],
  'read the metrics': ['/metrics', {}],
};
(async () => {
  const seen = {};
  for (const [name, [path, options]] of Object.entries(attempts)) {
    try {
      const answer = await fetch(server + path, options);
      seen[name] = answer.type === 'opaque' ? 'opaque' : [answer.status, (await answer.text()).slice(0, 200)];
    } catch (error) {
      seen[name] = 'refused: ' + error.message;
    }
  }
  navigator.sendBeacon(server + '/v2/repository/models/brackets/unload', '{}');
  await new Promise(resolve => setTimeout(resolve, 300));
  done(seen);
})();
"""


class Driver:
    """A few words of WebDriver."""

    def __init__(self, port, arguments):
        self.process = subprocess.Popen(["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL)
        self.base = f"http://127.0.0.1:{port}"
        wait_for(f"{self.base}/status")
        options = {"args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", *arguments]}
        wanted = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options, "timeouts": {"script": 30_000}}}}
        self.session = "/session/" + self.ask("/session", wanted)["sessionId"]

    def ask(self, path, document=None, method="POST"):
        data = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def open(self, url):
        self.ask(self.session + "/url", {"url": url})

    def run(self, script, *arguments):
        return self.ask(self.session + "/execute/async", {"script": script, "args": list(arguments)})

    def end(self):
        try:
            self.ask(self.session, method="DELETE")
        finally:
            self.process.terminate()
            self.process.wait(10)


def wait_for(url):
    for _ in range(200):
        try:
            return urllib.request.urlopen(url, timeout=5).read()
        except OSError:
            time.sleep(0.1)
    sys.exit(f"{url} does not answer")


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE.encode())

    def log_message(self, *_):
        pass


class Check:
    def __init__(self):
        self.failures = 0

    def __call__(self, is_right, what):
        print("ok  " if is_right else "FAIL", what)
        self.failures += not is_right


def serve(program, models, *options):
    """A server on a folder of models, and its port."""
    ready = models.with_name(f"port-{models.name}")
    server = subprocess.Popen(
        [program, "serve", "--port", "0", "--ready-file", str(ready), "--models", str(models), "--log-level", "error", *options]
    )
    for _ in range(300):
        if ready.exists() and ready.read_text().strip():
            return server, int(ready.read_text().split()[0])
        time.sleep(0.1)
    server.kill()
    sys.exit("the server did not start")


def start(program, folder):
    root = pathlib.Path(__file__).resolve().parents[2]
    models = folder / "models"
    models.mkdir()
    (models / "brackets").symlink_to(root / "config/models/brackets")
    return serve(program, models, "--set", "repository_changes=true")


def is_served(port):
    try:
        return wait_and_status(f"http://127.0.0.1:{port}/v2/models/brackets/ready") == 200
    except OSError:
        return False


def wait_and_status(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def inferences(port):
    """Requests of the model that were computed."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/models/brackets/stats", timeout=10) as answer:
        return json.load(answer)["model_stats"][0]["inference_count"]


def attack(driver, check, port, page, server, kind):
    driver.open(page)
    before = inferences(port)
    seen = driver.run(TRY, server)
    for name, got in seen.items():
        # Only a page that is taken for the server's own gets to see an answer: then it must be a refusal.
        is_refused = isinstance(got, str) or got[0] in (403, 421) and "brackets" not in got[1]
        check(is_refused, f"{kind}: {name}: {got}")
    check(is_served(port), f"{kind}: the model is served as before")
    check(inferences(port) == before, f"{kind}: nothing was computed")


def form(driver, check, port, page, server):
    """A form needs no script's permission, and can be sent across origins; its answer replaces the page."""
    driver.open(page)
    driver.run("const [to, done] = arguments; const f = document.getElementById('f'); f.action = to;"
               "setTimeout(() => f.submit(), 50); done(0)", f"{server}/v2/repository/models/brackets/unload")
    time.sleep(1)
    check(is_served(port), "form: the model is served as before")


def own_page(driver, check, port):
    """The console, and what its page asks for."""
    driver.open(f"http://localhost:{port}/")
    status = driver.run(
        "const done = arguments[0]; fetch('/v2/models/brackets/infer', {method: 'POST', body: "
        "'{\"inputs\":[{\"name\":\"tokens\",\"shape\":[2,1],\"datatype\":\"INT64\",\"data\":[0,1]}]}'})"
        ".then(answer => done(answer.status), error => done(String(error)))")
    check(status == 200, f"own page: infer answers {status}")
    title = driver.run("arguments[0](document.title)")
    check(bool(title), f"own page: its title is {title!r}")


def main():
    program = sys.argv[1]
    check = Check()
    pages = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    elsewhere = pages.server_address[1]
    with tempfile.TemporaryDirectory() as folder:
        server, port = start(program, pathlib.Path(folder))
        # A free port for the driver: one that was just given back.
        with http.server.HTTPServer(("127.0.0.1", 0), Page) as free:
            driver_port = free.server_address[1]
        driver = None
        try:
            driver = Driver(driver_port, ["--host-resolver-rules=MAP evil.test 127.0.0.1"])
            page = f"http://127.0.0.1:{elsewhere}/"
            attack(driver, check, port, page, f"http://127.0.0.1:{port}", "another port")
            attack(driver, check, port, page, f"http://localhost:{port}", "another name and port")
            attack(driver, check, port, f"http://evil.test:{elsewhere}/", f"http://127.0.0.1:{port}", "another site")
            form(driver, check, port, page, f"http://127.0.0.1:{port}")
            # The name now leads to the server: its console's page, which has no secrets, stands for the attacker's,
            # which a real one would have loaded before the name changed.
            attack(driver, check, port, f"http://evil.test:{port}/", f"http://evil.test:{port}", "rebinding")
            own_page(driver, check, port)
        finally:
            if driver:
                driver.end()
            server.terminate()
            server.wait(20)
    print(f"{check.failures} failures")
    return 1 if check.failures else 0


if __name__ == "__main__":
    sys.exit(main())
