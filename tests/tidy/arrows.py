"""Who may include whom. A module may include itself and the modules that its add_module DEPS name, and
DEPS may only point where the table below (ARCHITECTURE.md, "Modules and arrows") lets them."""
import re
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)

# Folder → folders (with everything below) that its modules may depend on. The longest prefix counts.
LAYERS = {
    "base/core": [],
    "base": ["base"],
    "config": ["base"],
    "wire": ["base", "wire"],
    "checkpoint": ["base/core", "base/posix", "base/json", "base/crypto", "checkpoint"],
    "checkpoint/lifecycle": ["base", "checkpoint"],
    "telemetry/http": ["base"],
    "telemetry": ["base", "telemetry"],
    "web": ["base"],
    "trainer": ["base", "config", "trainer"],
    "trainer/loop": ["base", "config", "trainer", "wire", "checkpoint"],
    "daemon/core": ["base/core"],
    "daemon/agent/core": ["base/core", "daemon/core"],
    "daemon/engine": ["base", "daemon/core", "wire"],
    "daemon/runtime/recorder": ["base", "config", "wire", "daemon/core", "daemon/engine", "daemon/runtime", "telemetry"],
    "daemon/runtime": ["base", "config", "wire", "daemon/core", "daemon/engine", "daemon/runtime"],
    "daemon/agent": ["base", "config", "wire", "daemon/core", "daemon/agent", "daemon/runtime"],
    "daemon/launch": ["base", "config", "wire", "daemon/core", "daemon/engine", "daemon/runtime"],
    "daemon/api": ["base", "config", "daemon/core", "daemon/engine", "telemetry"],
    "daemon/sim": ["base/core", "base/json", "checkpoint", "daemon/core", "daemon/agent/core", "daemon/engine"],
    "daemon/supervisor": ["base", "config", "wire", "checkpoint", "telemetry", "web", "trainer/shape", "daemon"],
    "daemon/cli": ["base", "config", "wire", "checkpoint", "telemetry/http", "trainer/shape", "trainer/data", "daemon"],
}


def layer_of(folder):
    while folder:
        if folder in LAYERS:
            return LAYERS[folder]
        folder = str(Path(folder).parent) if "/" in folder else ""
    return None


def includes_follow_deps(tree):
    offences = []
    for path, text in tree.cpp(tests=False):
        module = tree.module_of(path)
        program = [t for t in tree.targets if t.kind == "add_program" and t.folder == str(Path(path).parent)
                   and Path(path).name in t.sources]
        allowed = set(module.deps if module else [])
        for target in program:
            allowed.update(target.deps)
        for included in INCLUDE.findall(text):
            if included not in tree.paths:
                if not included.startswith(("boost/", "gtest/")):
                    offences.append(f"{path}: \"{included}\" is not in the repository (paths begin at its root)")
                continue
            target = tree.module_of(included)
            if target is None:
                offences.append(f"{path}: {included} belongs to no module (add_module in its folder)")
            elif target is not module and target.name not in allowed:
                who = module.name if module else path
                offences.append(f"{path}: includes {included}, but {who} has no DEPS {target.name}")
    return offences


def deps_follow_layers(tree):
    offences = []
    programs = [t for t in tree.targets if t.kind == "add_program" and not t.folder.startswith("tests/")]
    for module in [*tree.modules.values(), *programs]:
        allowed = layer_of(module.folder)
        if allowed is None:
            offences.append(f"{module.folder}: has no row in tests/tidy/arrows.py")
            continue
        for name in module.deps:
            dep = tree.modules.get(name)
            if dep is None:
                offences.append(f"{module.folder}/CMakeLists.txt: DEPS {name} is no module (a library goes to LIBS)")
            elif not any(dep.folder == a or dep.folder.startswith(a + "/") for a in allowed):
                offences.append(f"{module.folder}/CMakeLists.txt: {module.name} → {name} is no arrow of the architecture")
    return offences


# Headers with Asio in them that other modules include all the same, and why that is no burden.
HEAVY = {
    "daemon/runtime/channel/tls_channel.h": "the two ends of the connection include it, nobody else",
    "daemon/runtime/channel/tls_psk.h": "as tls_channel.h",
}


def beast_stays_in_http(tree):
    """HTTP is spoken in one place; all others see requests and replies."""
    beast = re.compile(r"^\s*#\s*include\s+[<\"]boost/beast", re.M)
    return [f"{path}: includes Beast outside telemetry/http" for path, text in tree.cpp(tests=False)
            if beast.search(text) and not path.startswith("telemetry/http/")]


def headers_stay_light(tree):
    """A header with Asio, Beast or spdlog in it costs seconds for every file that includes it: it stays inside
    its module."""
    heavy = re.compile(r"^\s*#\s*include\s+<(boost/asio|boost/beast|spdlog)[^>]*>", re.M)
    offences = []
    for path, text in tree.cpp((".h",), tests=False):
        if path in HEAVY or not heavy.search(text):
            continue
        module = tree.module_of(path)
        offences += [f"{user}: includes {path}, and with it {heavy.search(text).group(0).split()[-1]}"
                     for user, content in tree.cpp(tests=False)
                     if path in INCLUDE.findall(content) and tree.module_of(user) is not module]
    return offences
