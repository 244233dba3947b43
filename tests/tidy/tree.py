"""The files of the repository and the modules that its CMakeLists declare."""
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

# Not written by hand here: what a bundler or another project made.
GENERATED = re.compile(r"^(web/(dist/|bundle/(assets|index))|.*/third_party/|.*package-lock\.json$|.*\.svg$)")


class Skip(Exception):
    """A rule that cannot be checked on this machine, with the reason."""


@dataclass
class Target:
    kind: str  # add_module, add_program or add_module_test
    name: str
    folder: str
    sources: list = field(default_factory=list)
    deps: list = field(default_factory=list)


def parse_targets(folder, text):
    """The add_* calls of one CMakeLists.txt."""
    text = re.sub(r"#[^\n]*", "", text)
    for kind, body in re.findall(r"\b(add_module|add_program|add_module_test)\s*\(([^)]*)\)", text):
        target, keyword = Target(kind, "", folder), None
        for word in body.split():
            if word in ("NAME", "SRCS", "DEPS", "LIBS"):
                keyword = word
            elif keyword == "NAME":
                target.name = word
            elif keyword == "SRCS":
                target.sources.append(word)
            elif keyword == "DEPS":
                target.deps.append(word)
        yield target


class Tree:
    def __init__(self, files, pictures=()):
        """files: path relative to the repository → content. pictures: paths of what is no text."""
        self.paths = set(files) | set(pictures)
        self.files = {p: t for p, t in sorted(files.items()) if not GENERATED.match(p)}
        self.targets = []
        for path, text in files.items():
            if Path(path).name == "CMakeLists.txt":
                folder = str(Path(path).parent)
                self.targets += parse_targets("" if folder == "." else folder, text)
        self.modules = {t.name: t for t in self.targets if t.kind == "add_module"}
        self.module_of_folder = {t.folder: t for t in self.modules.values()}

    @staticmethod
    def of_repository():
        root = Path(__file__).resolve().parents[2]
        names = subprocess.run(
            ["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard"],
            check=True, capture_output=True, text=True).stdout.splitlines()
        files, pictures = {}, set()
        for name in names:
            path = root / name
            if not path.is_file():
                continue
            try:
                files[name] = path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                pictures.add(name)
        return Tree(files, pictures)

    def cpp(self, suffixes=(".h", ".cc"), tests=True):
        for path, text in self.files.items():
            if path.endswith(suffixes) and (tests or not path.startswith("tests/")):
                yield path, text

    def module_of(self, path):
        """The module whose folder, or the nearest one above it, holds the file; None when there is none."""
        for folder in Path(path).parents:
            if str(folder) in self.module_of_folder:
                return self.module_of_folder[str(folder)]
        return None
