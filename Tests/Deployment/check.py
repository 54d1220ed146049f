"""Holds config/deploy against what reads it: programs, published schemas, and the server's own metrics and settings.

usage: check.py [FOLDER]          (FOLDER has the wheels of kserve and docker-compose, which carry their schemas)
"""

import ast
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "config/deploy"
failures = 0


def check(is_right, words):
    global failures
    print("ok  " if is_right else "FAIL", words)
    failures += not is_right


def program(words, *arguments):
    """Runs a program that looks at a file."""
    if not shutil.which(arguments[0]):
        check(False, f"{words}: {arguments[0]} is not installed")
        return
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60)
    said = (done.stdout + done.stderr).strip()
    check(done.returncode == 0, f"{words}: {' '.join(arguments[:3])}{'' if done.returncode == 0 else ': ' + said[-600:]}")


def programs(folder):
    for name in ("haproxy.cfg", "nginx.conf"):
        # Names of machines that are not here.
        text = re.sub(r"striate-\d:8080", "127.0.0.1:9", (DEPLOY / name).read_text())
        (folder / name).write_text(text)
    program("HAProxy reads its file", "haproxy", "-c", "-f", str(folder / "haproxy.cfg"))
    program("nginx reads its file", "nginx", "-t", "-q", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", "pid pid; error_log stderr;")
    program("Prometheus reads its file and the alerts", "promtool", "check", "config", str(DEPLOY / "prometheus.yml"))
    unit = (DEPLOY / "striate.service").read_text().replace("/usr/local/bin/striate", "/bin/true")
    (folder / "striate.service").write_text(unit)
    program("systemd reads the unit", "systemd-analyze", "verify", "--man=no", str(folder / "striate.service"))
    tests = folder / "alerts.yaml"
    tests.write_text((ROOT / "Tests/Deployment/alerts.yaml").read_text().replace("RULES", str(DEPLOY / "prometheus-alerts.yaml")))
    program("the alerts fire when they should, and only then", "promtool", "test", "rules", str(tests))


def metrics():
    """Every metric that is asked for is one that the server has."""
    sources = "\n".join(file.read_text() for file in (ROOT / "Sources/Telemetry").rglob("*.swift"))
    known = set(re.findall(r'"((?:striate|process|nv)_[a-z_]+)"', sources))
    for name in ("prometheus-alerts.yaml", "grafana.json", "kubernetes.yaml"):
        text = (DEPLOY / name).read_text()
        asked = {re.sub(r"_(bucket|sum|count)$", "", word) for word in re.findall(r"\b(?:striate|process)_[a-z_]+\b(?!:)", text)}
        wrong = {word for word in asked if word not in known and word != "session_store" and not word.startswith("striate_models")}
        check(asked and not wrong, f"{name} asks for metrics that there are: {len(asked)}{' but not ' + str(wrong) if wrong else ''}")


def settings():
    """Every setting is one of the server's."""
    known = set(json.loads((ROOT / "config/striate.json").read_text()))
    for name in ("kubernetes.yaml", "kserve.yaml", "compose.yaml", "striate.service"):
        used = {word.lower() for word in re.findall(r"\bSTRIATE_([A-Z_]+)\b", (DEPLOY / name).read_text())}
        check(used <= known, f"{name} has settings that there are: {sorted(used - known) or len(used)}")


def dashboard():
    board = json.loads((DEPLOY / "grafana.json").read_text())
    places = [panel["gridPos"] for panel in board["panels"]]
    overlap = any(
        a is not b and a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"] and a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"]
        for a in places for b in places
    )
    whole = all(panel.get("title") and panel.get("targets") for panel in board["panels"] if panel.get("type") != "row")
    check(whole and not overlap and board.get("schemaVersion", 0) >= 30, f"the dashboard has {len(places)} panels with titles, beside each other")


def kubernetes(yaml):
    import kubernetes_validate

    for document in yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()):
        kind = document["kind"]
        try:
            kubernetes_validate.validate(document, "1.30", strict=True)
            check(True, f"Kubernetes takes the {kind}")
        except Exception as error:  # The package's own types differ between its versions.
            check(False, f"Kubernetes takes the {kind}: {str(error)[:400]}")


class Wheel:
    """The fields of KServe's types, as its client writes them down."""

    def __init__(self, file):
        self.files = zipfile.ZipFile(file)

    def fields(self, type_name):
        """Names in YAML and their types; nil for what is not KServe's."""
        place = re.sub(r"(?<!^)(?=[A-Z])", "_", type_name).lower()
        try:
            tree = ast.parse(self.files.read(f"kserve/models/{place}.py").decode())
        except KeyError:
            return None
        found = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in ("openapi_types", "attribute_map"):
                found[node.targets[0].id] = ast.literal_eval(node.value)
        return {found["attribute_map"][name]: kind for name, kind in found["openapi_types"].items()}

    def check(self, value, type_name, place):
        """What stands in `value` and not in the type."""
        inner = re.fullmatch(r"list\[(.+)\]", type_name)
        if inner:
            return [wrong for number, one in enumerate(value) for wrong in self.check(one, inner[1], f"{place}[{number}]")]
        fields = self.fields(type_name)
        if fields is None or not isinstance(value, dict):
            return []
        wrong = [f"{place}.{name}" for name in value if name not in fields]
        for name, one in value.items():
            if name in fields:
                wrong += self.check(one, fields[name], f"{place}.{name}")
        return wrong


def kserve(yaml, folder):
    import kubernetes_validate

    wheel = Wheel(next((folder / "kserve").glob("*.whl")))
    for document in yaml.safe_load_all((DEPLOY / "kserve.yaml").read_text()):
        kind = document["kind"]
        name = {"ClusterServingRuntime": "V1alpha1ClusterServingRuntime", "InferenceService": "V1beta1InferenceService"}[kind]
        wrong = wheel.check(document, name, kind)
        check(not wrong, f"KServe takes the {kind}: {wrong or 'every field'}")
        for container in document["spec"].get("containers", []):
            pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one"}, "spec": {"containers": [container]}}
            kubernetes_validate.validate(pod, "1.30", strict=True)
            check(True, "Kubernetes takes its container")


def compose(yaml, folder):
    import jsonschema

    wheel = zipfile.ZipFile(next((folder / "compose").glob("*.whl")))
    schema = json.loads(wheel.read("compose/config/compose_spec.json"))
    document = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    # Younger than the schema.
    document.pop("name")
    wrong = [f"{list(error.absolute_path)}: {error.message}" for error in jsonschema.Draft7Validator(schema).iter_errors(document)]
    check(not wrong, f"Compose takes its file: {wrong[:3] or 'every field'}")


def main():
    with tempfile.TemporaryDirectory() as place:
        programs(pathlib.Path(place))
    metrics()
    settings()
    dashboard()
    if len(sys.argv) > 1:
        import yaml

        kubernetes(yaml)
        kserve(yaml, pathlib.Path(sys.argv[1]))
        compose(yaml, pathlib.Path(sys.argv[1]))
    print("deployment:", "all as it should be" if not failures else f"{failures} failures")
    sys.exit(1 if failures else 0)


main()
