"""The console in a real Chromium: every model shows its answer, without an error, by keyboard, narrow, dark, and by axe's rules.

usage: console.py PROGRAM [PICTURES]     (the built striate; needs chromium and chromedriver, from Debian's packages, and what
                                          requirements.txt lists; PICTURES is a folder for screenshots)
"""

import base64
import json
import pathlib
import sys
import tempfile
import time

import axe_playwright_python
import onnx
from neighbours import Check, Driver, serve, wait_for
from onnx import TensorProto, helper

ROOT = pathlib.Path(__file__).resolve().parents[2]
AXE = next(pathlib.Path(axe_playwright_python.__file__).parent.rglob("axe.min.js")).read_text()

# Waits until nothing is computed any more, and answers what is to be seen.
LOOK = """
const [name, patience, done] = arguments;
const begin = performance.now();
const look = () => {
  const cards = [...document.querySelectorAll('.card')];
  const title = document.querySelector('main h1')?.textContent;
  const isBusy = cards.some((card) => card.ariaBusy === 'true');
  const answers = [...document.querySelectorAll('.answer')].filter((one) => one.textContent).length;
  const pictures = [...document.querySelectorAll('.card .body img')].filter((one) => one.naturalWidth > 0).length
    + document.querySelectorAll('.graph svg').length;
  const isEmpty = cards.some((card) => card.querySelector('h2').textContent !== 'Picture' && card.querySelector('.body')?.childNodes.length === 0);
  const isReady = !isEmpty && title === name && !isBusy && cards.length > 0 && (answers + pictures > 0 || document.querySelector('.card table'));
  if (!isReady && performance.now() - begin < patience) return setTimeout(look, 100);
  done({
    title, isReady, empty: cards.filter((card) => card.querySelector('.body')?.childNodes.length === 0).map((card) => card.querySelector('h2').textContent), cards: cards.map((card) => card.querySelector('h2')?.textContent), answers, pictures,
    hints: [...document.querySelectorAll('.hint')].map((one) => one.textContent),
    rows: document.querySelectorAll('td').length,
    problems: [...document.querySelectorAll('.problem')].map((one) => one.textContent),
    width: document.scrollingElement.scrollWidth,
    clipped: [...document.querySelectorAll('.card h2')].some((one) => one.scrollWidth > one.clientWidth + 1),
  });
};
setTimeout(look, 300);
"""

RULES = (
    AXE
    + """
;const done = arguments[arguments.length - 1];
axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']}).then(
  ({violations}) => done(violations.map(({id, nodes}) => `${id}: ${nodes.map(({target}) => target).slice(0, 3).join(' ')}`)),
  (error) => done([String(error)]));
"""
)


def characters(path):
    """A character LSTM with a state, as exporters write one."""
    def weights(name, dims):
        count = 1
        for size in dims:
            count *= size
        values = [((7 * index) % 23 - 11) / 20 for index in range(count)]
        return helper.make_tensor(name, TensorProto.FLOAT, dims, values)

    nodes = [
        helper.make_node("Gather", ["E", "tokens"], ["rows"]),
        helper.make_node("LSTM", ["rows", "W", "R", "B", "", "h0", "c0"], ["all", "hn", "cn"], hidden_size=4),
        helper.make_node("Squeeze", ["all", "one"], ["flat"]),
        helper.make_node("MatMul", ["flat", "V"], ["scores"]),
    ]
    state = [1, 1, 4]
    graph = helper.make_graph(
        nodes, "characters",
        [helper.make_tensor_value_info("tokens", TensorProto.INT64, ["time", 1])]
        + [helper.make_tensor_value_info(name, TensorProto.FLOAT, state) for name in ("h0", "c0")],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["time", 1, 5])]
        + [helper.make_tensor_value_info(name, TensorProto.FLOAT, state) for name in ("hn", "cn")],
        [weights("E", [5, 3]), weights("W", [1, 16, 3]), weights("R", [1, 16, 4]), weights("B", [1, 32]), weights("V", [4, 5]),
         helper.make_tensor("one", TensorProto.INT64, [1], [1])],
    )
    path.mkdir()
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path / "model.onnx")
    (path / "vocabulary.json").write_text(json.dumps(list("abcd ")))
    (path / "model.json").write_text(
        json.dumps({"task": "next-symbol", "input": {"name": "tokens", "vocabulary": "vocabulary.json"}})
    )


def start(program, folder):
    models = folder / "models"
    models.mkdir()
    for model in (ROOT / "config/models").iterdir():
        (models / model.name).symlink_to(model)
    characters(models / "imported-characters")
    (models / "numbers").mkdir()
    (models / "numbers/model.onnx").symlink_to(ROOT / "Tests/OnnxCases/test_add_int8/model.onnx")
    (models / "broken").mkdir()
    (models / "broken/model.json").write_text('{"nam": "broken", "layers": [{"op": "Conv2d"}]}')
    return serve(program, models)


class Console(Driver):
    """The page, with what a person does."""

    def __init__(self, port, site, pictures):
        super().__init__(port, ["--window-size=1280,1400", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"])
        self.site, self.pictures = site, pictures

    def cdp(self, command, **parameters):
        return self.ask(f"{self.session}/goog/cdp/execute", {"cmd": command, "params": parameters})

    def show(self, name, patience=20_000):
        self.run("location.hash = arguments[0]; arguments[1]();", name)
        seen = self.look(name, patience)
        if "Waits for what is to be sent." in seen["hints"]:
            # Without examples: what a person would draw or type.
            self.run(
                """const area = document.querySelector('textarea');
                if (area) { area.value = 'abcd'; area.dispatchEvent(new Event('input')); }
                else [...document.querySelectorAll('button')].find((one) => one.textContent === 'Draw').click();
                arguments[0]();"""
            )
            time.sleep(0.5)
            seen = self.look(name, patience)
        return seen

    def look(self, name, patience=20_000):
        return self.run(LOOK, name, patience)

    def keys(self, *keys):
        presses = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        actions = {"actions": [{"type": "key", "id": "keyboard", "actions": presses}]}
        self.ask(f"{self.session}/actions", actions)

    def focused(self):
        return self.run(
            "const one = document.activeElement; arguments[0](one.getAttribute('aria-label') || one.querySelector('img')?.alt || one.title || one.textContent || one.id);"
        )

    def save(self, name):
        if self.pictures:
            shot = self.ask(f"{self.session}/screenshot", method="GET")
            (self.pictures / f"{name}.png").write_bytes(base64.b64decode(shot))

    def errors(self):
        found = self.ask(f"{self.session}/se/log", {"type": "browser"})
        return [entry["message"] for entry in found if entry["level"] == "SEVERE"]


def main():
    program = sys.argv[1]
    pictures = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
    check = Check()
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        server, port = start(program, folder)
        (folder / "nothing").mkdir()
        empty, other = serve(program, folder / "nothing")
        console = Console(port + 1 if port < 65000 else port - 1, f"http://localhost:{port}", pictures)
        try:
            everything(console, port, check)
            console.open(f"http://localhost:{other}/")
            time.sleep(1)
            text = console.run("arguments[0](document.querySelector('main').textContent)")
            check("ONNX file" in text, f"an empty server says what to do: {text[:60]}")
        finally:
            console.end()
            server.terminate()
            empty.terminate()
    print("console:", "all as it should be" if not check.failures else f"{check.failures} failures")
    sys.exit(1 if check.failures else 0)


def everything(console, port, check):
    models = json.loads(wait_for(f"http://127.0.0.1:{port}/models"))["models"]
    console.open(console.site + "/")
    for model in models:
        seen = console.show(model["name"])
        wanted = seen["isReady"] and not seen["problems"]
        check(wanted, f"{model['name']}: {seen['answers']} answers, {seen['pictures']} pictures, {seen['cards']} {seen['problems']} {seen['empty'] if not seen['isReady'] else ''}")
        console.save(model["name"])
    seen = console.show("imported-characters")
    for card in ("Next symbol", "States over time", "Where it comes from", "Graph"):
        check(card in seen["cards"], f"an imported network of symbols has {card}")
    units(console, check)
    session(console, check)
    listening(console, check)
    console.show("broken", 3000)
    text = console.run("arguments[0](document.querySelector('main').textContent)")
    check("no such field" in text and "did you mean" in text, f"a failed model says why: {text[:160]}")
    console.save("broken")
    seen = console.show(":server", 3000)
    time.sleep(5)
    text = console.run("arguments[0]([...document.querySelectorAll('.answer')].map((one) => one.textContent).join(' '))")
    check(len(text.split()) == 4, f"the server's figures are drawn: {text}")
    console.save("server")
    check(console.errors() == [], "nothing stands in the browser's console")

    for name in ("fashion", "scripture", "language", "listops", "series", "orbit", "numbers", "imported-characters", "broken", ":server"):
        console.show(name, 5000 if name in ("broken", ":server") else 20_000)
        found = console.run(RULES)
        check(found == [], f"axe: {name} {found}")
    console.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    for name in ("fashion", "scripture"):
        console.show(name)
        found = console.run(RULES)
        check(found == [], f"axe, dark: {name} {found}")
        console.save(f"{name}-dark")
    console.cdp("Emulation.setEmulatedMedia", features=[])
    console.cdp("Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=2, mobile=True)
    for model in models:
        seen = console.show(model["name"])
        check(seen["width"] <= 390, f"390 pixels hold {model['name']}: {seen['width']}")
    console.show("fashion")
    console.save("narrow")
    console.cdp("Emulation.clearDeviceMetricsOverride")
    keyboard(console, check)


def units(console, check):
    """A map is chosen among all, a unit in it; what it sees is marked on the picture."""
    console.show("fashion")
    seen = console.run(
        """const card = [...document.querySelectorAll('.card')].find((one) => one.querySelector('h2').textContent === 'Feature maps');
        const choice = card.querySelector('select'), map = card.querySelector('[type=number]');
        choice.value = 'conv1';
        choice.onchange();
        const wait = () => new Promise((resolve) => setTimeout(resolve, 700));
        (async () => {
          await wait();
          const all = card.querySelector('img');
          const point = new MouseEvent('click', {bubbles: true, clientX: all.getBoundingClientRect().left + 60, clientY: all.getBoundingClientRect().top + 12});
          all.dispatchEvent(point);
          await wait();
          const one = card.querySelector('img');
          one.focus();
          one.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight', bubbles: true}));
          const field = document.querySelector('.field');
          arguments[0]({map: map.value, words: card.querySelector('[role=status]').textContent, hidden: field.hidden, width: field.style.width, left: field.style.left});
        })();"""
    )
    # Of 28 × 28 pixels a unit of 5 × 5 in the middle, one to the right.
    wanted = not seen["hidden"] and int(seen["map"]) > 0 and "rows 12 to 16 and columns 13 to 17" in seen["words"]
    check(wanted and seen["width"].startswith("17.857") and seen["left"].startswith("46.428"), f"a unit's receptive field is marked: {seen}")
    console.save("unit")
    console.run("document.querySelector('.field').scrollIntoView({block: 'center'}); arguments[0]();")
    console.save("field")


def session(console, check):
    """A session is stepped, branched and rewound; its state is shown."""
    console.show("scripture")

    def press(words):
        console.run(
            """const card = [...document.querySelectorAll('.card')].find((one) => one.querySelector('h2').textContent === 'Session');
            [...card.querySelectorAll('button')].find((one) => one.textContent === arguments[0]).click();
            setTimeout(arguments[1], 700);""",
            words,
        )
        return console.run(
            """const card = [...document.querySelectorAll('.card')].find((one) => one.querySelector('h2').textContent === 'Session');
            arguments[0]({text: card.querySelector('.written')?.textContent, cells: card.querySelectorAll('.cells i').length,
              rows: card.querySelectorAll('li').length, words: card.textContent, problem: card.querySelector('.problem')?.textContent});"""
        )

    console.run("document.querySelector('[aria-label=\"Next symbols\"]').value = 'In the '; arguments[0]();")
    seen = press("Step")
    check(seen["text"] == "In the " and seen["cells"] == 624 and seen["rows"] == 8, f"a session steps: {seen}")
    console.run("document.querySelector('[aria-label=\"Next symbols\"]').scrollIntoView(); arguments[0]();")
    console.save("session")
    console.run("document.querySelector('[aria-label=\"Next symbols\"]').value = 'land'; arguments[0]();")
    press("Branch")
    seen = press("Step")
    check(seen["text"] == "In the land" and "at 11" in seen["words"], f"a branch goes on: {seen}")
    seen = press("Branch 1")
    check(seen["text"] == "In the " and "at 7" in seen["words"], f"where it came from stays: {seen}")
    press("Branch 2")
    seen = press("Rewind")
    check(seen["text"] == "In the " and "at 7" in seen["words"], f"a step is taken back: {seen}")
    answer = console.run(
        """const socket = new WebSocket(location.origin.replace('http', 'ws') + '/models/scripture/stream?top=1');
        socket.onopen = () => socket.send('{"text":"In the "}');
        socket.onmessage = ({data}) => { socket.close(); arguments[0](JSON.parse(data).position); };
        socket.onerror = () => arguments[0]('an error');"""
    )
    check(answer == 7, f"a page of the server opens a WebSocket: {answer}")
    found = console.errors()
    check(found == [], f"a session leaves nothing in the browser's console: {found[:2]}")


def listening(console, check):
    """The microphone (Chromium's stand-in, which beeps) goes through a WebSocket, and stops with the page."""
    console.show("voice")
    console.run("[...document.querySelectorAll('button')].find((one) => one.textContent === 'Listen').click(); setTimeout(arguments[0], 3000);")
    seen = console.run("arguments[0]({answer: document.querySelector('.answer').textContent, problem: document.querySelector('.problem')?.textContent})")
    words = seen["answer"].split()
    check(len(words) == 2 and 0 <= float(words[1]) <= 1 and not seen["problem"], f"the microphone is heard: {seen}")
    console.save("voice")
    console.show("fashion")
    time.sleep(0.5)
    check(console.errors() == [], "leaving a page that listens leaves nothing in the browser's console")


def keyboard(console, check):
    """Everything by Tab, Enter and arrows."""
    console.show("fashion")
    console.run("document.querySelector('.brand').focus(); arguments[0]();")
    reached = []
    for _ in range(60):
        console.keys("\ue004")
        reached.append(console.focused())
    for wanted in ("lenet", "shirt.png", "Draw", "Layer", "Copy", "Compare with", "Language of the request"):
        check(any(wanted in (one or "") for one in reached), f"Tab reaches {wanted}")
    console.run("document.querySelector('nav a[title=lenet]').focus(); arguments[0]();")
    console.keys("\ue007")
    seen = console.look("lenet")
    check(seen["isReady"], "Enter opens a model")
    console.run("[...document.querySelectorAll('button')].find((one) => one.textContent === 'Draw').focus(); arguments[0]();")
    console.keys("\ue007")
    time.sleep(0.5)
    down, right = "\ue015", "\ue014"
    console.keys(" ", *[down] * 8, " ")
    time.sleep(1.5)
    before = console.run("arguments[0](document.querySelector('.answer')?.textContent)")
    check(bool(before), f"arrows and space draw: {before}")
    console.keys("z")
    time.sleep(1)
    check(console.errors() == [], "nothing stands in the browser's console after all")


if __name__ == "__main__":
    main()
