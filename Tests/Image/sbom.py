"""What the image holds as SPDX 2.3 JSON: the program, the packages in it, the libraries it calls, the models.

usage: sbom.py [FILE]          (standard output unless given; needs what `swift package resolve` writes)
"""

import datetime
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
LICENCES = {
    "swift-argument-parser": "Apache-2.0 WITH Swift-exception", "swift-collections": "Apache-2.0 WITH Swift-exception",
    "swift-log": "Apache-2.0", "swift-protobuf": "Apache-2.0 WITH Swift-exception",
    "libhiredis": "BSD-3-Clause", "libjpeg62-turbo": "IJG AND BSD-3-Clause AND Zlib", "libpng16-16": "libpng-2.0", "libssl3": "Apache-2.0", "zlib1g": "Zlib",
}


def identifier(text):
    return "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", text)


def package(name, version, place, licence, kind=None, **more):
    entry = {
        "SPDXID": identifier(name), "name": name, "versionInfo": version, "downloadLocation": place, "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION", "licenseDeclared": licence, "copyrightText": "NOASSERTION", **more,
    }
    if kind:
        entry["externalRefs"] = [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": kind}]
    return entry


def swift_packages():
    pins = json.loads((ROOT / "Package.resolved").read_text())["pins"]
    for pin in pins:
        place, version = pin["location"].removesuffix(".git"), pin["state"]["version"]
        yield package(
            pin["identity"], version, f"git+{place}@{pin['state']['revision']}", LICENCES.get(pin["identity"], "NOASSERTION"),
            f"pkg:swift/{place.removeprefix('https://')}@{version}",
        )


def debian_packages():
    text = (ROOT / "Dockerfile").read_text().split("FROM debian")[1]
    names = re.search(r"--no-install-recommends (.*?)\\?\n", text)[1].split()
    for name in (one for one in names if one != "\\"):
        found = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", name], capture_output=True, text=True)
        version = found.stdout or "NOASSERTION"
        licence = next((licence for start, licence in LICENCES.items() if name.startswith(start)), "NOASSERTION")
        yield package(name, version, "NOASSERTION", licence, f"pkg:deb/debian/{name}@{version}?distro=bookworm")


def models():
    for folder in sorted((ROOT / "config/models").iterdir()):
        manifest = json.loads((folder / "model.json").read_text())
        digest = hashlib.sha256()
        for name in ("model.onnx", "model.safetensors"):
            if (folder / name).exists():
                digest.update((folder / name).read_bytes())
        yield package(
            f"model-{folder.name}", manifest.get("version", "1"), "NOASSERTION", "MIT",
            comment=f"{manifest.get('source', '')} {manifest.get('licence', '')}".strip(),
            checksums=[{"algorithm": "SHA256", "checksumValue": digest.hexdigest()}],
        )


def main():
    version = re.search(r'striateVersion = "([^"]+)"', (ROOT / "Sources/Service/Configuration/Version.swift").read_text())[1]
    own = package("striate", version, "NOASSERTION", "MIT", primaryPackagePurpose="APPLICATION")
    runtime = package("swift-runtime", "6.3", "https://github.com/swiftlang/swift", "Apache-2.0 WITH Swift-exception")
    parts = [runtime, *swift_packages(), *debian_packages(), *models()]
    document = {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": f"striate-{version}",
        "documentNamespace": f"https://spdx.org/spdxdocs/striate-{version}-{uuid.uuid4()}",
        "creationInfo": {"created": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"), "creators": ["Tool: striate-sbom"]},
        "packages": [own, *parts],
        "relationships": [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": own["SPDXID"]}]
        + [
            {"spdxElementId": own["SPDXID"], "relatedSpdxElement": part["SPDXID"],
             "relationshipType": "DYNAMIC_LINK" if part["name"].startswith(("lib", "zlib")) else "CONTAINS" if part["name"].startswith("model-") else "STATIC_LINK"}
            for part in parts
        ],
    }
    text = json.dumps(document, indent=1) + "\n"
    if len(sys.argv) > 1:
        pathlib.Path(sys.argv[1]).write_text(text)
    else:
        sys.stdout.write(text)


main()
