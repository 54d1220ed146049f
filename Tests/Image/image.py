"""Runs the Dockerfile's steps in roots made by debootstrap.

usage: image.py [--arm64] FOLDER          (root)

A stage `FROM swift:…` is Debian with the toolchain that `swift` is here, bound in; `FROM debian:…` is Debian as it is. RUN runs in
the root, COPY copies, the last stage's user starts the program and asks for its health. Prints the sizes of what the last stage adds
to its base, and fails where that is more than 60 MB or the server does not answer.

With --arm64 the roots are of arm64, which qemu-user emulates, and the stages `FROM swift:…` are left out, as the toolchain here is of this
machine: shown is that the last stage's steps go through there, and what they add beside the program.
"""

import collections
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
MOST = 60_000_000
IS_ARM64 = "--arm64" in sys.argv
BINFMT = pathlib.Path("/proc/sys/fs/binfmt_misc")
# Programs of arm64 by their first bytes; F: the emulator is opened now, so that roots need not have it.
EMULATION = (
    r":striate-arm64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:"
    r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:/usr/bin/qemu-aarch64-static:F"
)
# What the image swift:… has beside the toolchain: what links, and what gets packages.
TOOLS = "binutils,ca-certificates,git,libc6-dev,libgcc-12-dev,libstdc++-12-dev,libcurl4,libedit2,libncurses6,libsqlite3-0,libxml2,tzdata,zlib1g-dev"


def say(words):
    print(words, flush=True)


def run(*words, **options):
    return subprocess.run(words, check=True, **options)


def mirror():
    """Where this machine's apt gets Debian from."""
    lines = run("apt-get", "indextargets", "--format", "$(SITE) $(REPO_URI) $(CODENAME) $(COMPONENT)", capture_output=True, text=True).stdout
    for line in lines.splitlines():
        words = line.split()
        if "bookworm" in words and "main" in words:
            return words[1]
    sys.exit("image: apt knows no Debian 12 (bookworm) here")


def toolchain():
    """The folder above the toolchain's usr."""
    program = shutil.which("swift") or sys.exit("image: there is no swift on the path")
    return pathlib.Path(program).resolve().parents[2]


def borrowed():
    """Files and folders of this machine that getting packages needs: git's settings and the local folders they name, names, certificates."""
    places = {pathlib.Path("/etc/resolv.conf"), pathlib.Path("/etc/ssl/certs")}
    listed = subprocess.run(["git", "config", "--list", "--show-origin"], capture_output=True, text=True).stdout
    for line in listed.splitlines():
        origin, _, setting = line.partition("\t")
        if origin.startswith("file:/"):
            places.add(pathlib.Path(origin[5:]))
        for path in re.findall(r"(?:^|[=.])(/[\w./-]+)", setting):
            places.add(pathlib.Path(path.removesuffix(".insteadof").rstrip(".")))
    return sorted(place for place in places if place.exists())


class Stage:
    def __init__(self, folder, image):
        self.root, self.image, self.place = folder, image, pathlib.PurePosixPath("/")
        self.environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}
        self.user, self.entry, self.command = "root", [], []
        self.mounts = []
        is_swift = image.startswith("swift:")
        if not (self.root / "etc/debian_version").exists():
            say(f"— {image}: debootstrap")
            more = ["--include", TOOLS] if is_swift else ["--arch", "arm64"] if IS_ARM64 else []
            run("debootstrap", "--variant=minbase", *more, "bookworm", str(self.root), mirror(), stdout=subprocess.DEVNULL)
            # As the image debian:… leaves them.
            for place in ("var/cache/apt", "var/lib/apt/lists"):
                shutil.rmtree(self.root / place)
                (self.root / place / "partial").mkdir(parents=True)
        self.base = sizes(self.root)
        self.mount("proc", "/proc", "proc")
        if is_swift:
            chain = toolchain()
            self.bind(chain)
            self.environment["PATH"] = f"{chain}/usr/bin:" + self.environment["PATH"]
            for place in borrowed():
                self.bind(place)

    def mount(self, source, place, kind=None):
        target = self.root / place.lstrip("/")
        target.mkdir(parents=True, exist_ok=True)
        run("mount", "-t", kind, source, str(target))
        self.mounts.append(target)

    def bind(self, place):
        target = self.root / str(place).lstrip("/")
        if place.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.touch()
        run("mount", "--bind", "-o", "ro", str(place), str(target))
        self.mounts.append(target)

    def leave(self):
        for target in reversed(self.mounts):
            subprocess.run(["umount", "-l", str(target)])
        self.mounts = []

    def chroot(self, words, user="root"):
        inside = ["chroot", *(["--userspec", user] if user != "root" else []), str(self.root), "/usr/bin/env", "-C", str(self.place), "-i"]
        return [*inside, *(f"{name}={value}" for name, value in self.environment.items()), *words]

    def copy(self, source, target):
        place = self.root / str(self.place / target).lstrip("/")
        if source.is_dir():
            # What an earlier run left.
            shutil.rmtree(place, ignore_errors=True)
            # As .dockerignore says.
            left = shutil.ignore_patterns("recipe", "__pycache__", ".build", ".git")
            shutil.copytree(source, place, dirs_exist_ok=True, symlinks=True, ignore=left)
        else:
            if str(target).endswith("/"):
                place = place / source.name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, place)


def steps(text):
    """Instructions with what follows them."""
    joined = re.sub(r"\\\n", " ", re.sub(r"^\s*#.*\n", "", text, flags=re.M))
    for line in joined.splitlines():
        if line.strip():
            word, _, rest = line.strip().partition(" ")
            yield word.upper(), rest.strip()


def size(root):
    return sum(sizes(root).values())


def sizes(root):
    """Bytes of the files in each folder three deep, and of the program."""
    found = collections.Counter()
    for path in root.rglob("*"):
        if path.is_file() and not path.is_symlink():
            parts = path.relative_to(root).parts
            place = "/".join(parts[:5] if parts[:2] == ("srv", "striate") else parts[:4] if parts[-1] == "striate" else parts[:2])
            found[place] += path.lstat().st_size
    return found


def build(folder):
    stages, stage = {}, None
    for word, rest in steps((ROOT / "Dockerfile").read_text()):
        begun = time.monotonic()
        if word == "ARG":
            continue
        if word == "FROM":
            if stage:
                stage.leave()
            words = [one for one in rest.split() if not one.startswith("--")]
            if IS_ARM64 and words[0].startswith("swift:"):
                say(f"{words[0]} is left out")
                stage = None
                continue
            name = words[2] if len(words) > 2 else "image"
            stage = stages[name] = Stage(folder / name, words[0])
        elif stage is None or rest.startswith("--from=") and rest.split()[0].removeprefix("--from=") not in stages:
            continue
        elif word == "RUN":
            say(f"RUN {rest[:100]}")
            run(*stage.chroot(["/bin/sh", "-c", rest]))
        elif word == "WORKDIR":
            stage.place = stage.place / rest
            (stage.root / str(stage.place).lstrip("/")).mkdir(parents=True, exist_ok=True)
        elif word == "COPY":
            words = shlex.split(rest)
            origin = ROOT
            if words[0].startswith("--from="):
                origin = stages[words.pop(0).removeprefix("--from=")].root
            for source in words[:-1]:
                stage.copy(origin / source.lstrip("/"), words[-1])
        elif word == "ENV":
            stage.environment |= dict(pair.split("=", 1) for pair in shlex.split(rest))
        elif word == "USER":
            stage.user = rest
        elif word in ("ENTRYPOINT", "CMD"):
            setattr(stage, "entry" if word == "ENTRYPOINT" else "command", json.loads(rest))
        elif word not in ("EXPOSE", "HEALTHCHECK", "LABEL"):
            sys.exit(f"image: no such step is known here: {word}")
        took = time.monotonic() - begun
        if took > 5:
            say(f"  {took:.0f} s")
    return stage


def serve(stage):
    """The image's program as its user, with nothing it may write to; does it answer?"""
    stage.environment |= {"STRIATE_PORT": "18080", "STRIATE_ANONYMOUS": "true"}
    server = subprocess.Popen(stage.chroot([*stage.entry, *stage.command], stage.user), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            time.sleep(0.05)
            if subprocess.run(stage.chroot(["striate", "health"], stage.user), stdout=subprocess.DEVNULL).returncode == 0:
                break
        else:
            sys.exit("image: the server does not become healthy")
        picture = (ROOT / "config/models/fashion/examples/shirt.png").read_bytes()
        with urllib.request.urlopen(urllib.request.Request("http://127.0.0.1:18080/models/fashion/classify", picture), timeout=10) as reply:
            best = json.load(reply)["predictions"][0]
        say(f"the image's server says: {best['label']} {best['probability']:.4f}")
        status = pathlib.Path(f"/proc/{server.pid}/status").read_text()
        say("resident: " + re.search(r"VmRSS:\s+(.*)", status)[1])
    finally:
        server.terminate()
        server.wait(30)


def emulate():
    """Lets Linux run programs of arm64."""
    if not (BINFMT / "register").exists():
        run("mount", "-t", "binfmt_misc", "binfmt_misc", str(BINFMT))
    if not any("aarch64" in one.name or "arm64" in one.name for one in BINFMT.iterdir()):
        (BINFMT / "register").write_text(EMULATION)


def look(stage):
    """Whether the stage is of arm64, and has the libraries and the user that the program wants."""
    asked = "dpkg --print-architecture && id -un striate && ldconfig -p"
    said = run(*stage.chroot(["/bin/sh", "-c", asked]), capture_output=True, text=True).stdout
    wanted = ["arm64", "striate", *(f"lib{name}.so" for name in ("hiredis", "jpeg", "png16", "ssl", "z"))]
    missing = [one for one in wanted if one not in said]
    if missing:
        sys.exit(f"image: arm64 lacks {', '.join(missing)}")
    say(f"arm64 has {', '.join(wanted[1:])}")


def main():
    folder = pathlib.Path(sys.argv[-1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "image").exists():
        shutil.rmtree(folder / "image")
    stage = None
    try:
        if IS_ARM64:
            emulate()
        stage = build(folder)
        (look if IS_ARM64 else serve)(stage)
        stage.leave()
        whole = sizes(stage.root)
        more = sum(whole.values()) - sum(stage.base.values())
        say(f"\n{sum(stage.base.values()) / 1e6:8.1f} MB the base (debootstrap --variant=minbase; debian:bookworm-slim leaves out manuals and locales)")
        say(f"{more / 1e6:8.1f} MB beside it:")
        for place in sorted(whole):
            own = whole[place] - stage.base[place]
            if abs(own) >= 10_000:
                say(f"{own / 1e6:8.2f} MB {place}")
        if more > MOST:
            sys.exit(f"image: more than {MOST / 1e6:.0f} MB beside its base")
    finally:
        for mounted in [line.split()[1] for line in open("/proc/mounts")]:
            if mounted.startswith(str(folder)):
                subprocess.run(["umount", "-l", mounted])


main()
