"""deploy/corpus on small packages of the right names that lie in its cache, so that nothing is downloaded."""
import random
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = {"debian-handbook": "usr/share/doc/debian-handbook/html/de-DE/{}.html",
         "installation-guide-amd64": "usr/share/doc/installation-guide-amd64/de/{}.html",
         "gnome-user-docs": "usr/share/help/de/gnome-help/{}.page"}
COUNT = 40


class CorpusTest(unittest.TestCase):
    def setUp(self):
        self.assertTrue(shutil.which("dpkg-deb"))
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = Path(folder.name)
        (self.dir / "cache/packages").mkdir(parents=True)
        for package in PAGES:
            self.make(package)
        # In place of `longhaul corpus build TEXT --out OUT`: shows what it was given.
        program = self.dir / "longhaul"
        program.write_text('#!/bin/sh\nset -e\nmkdir -p "$5"\ncd "$3"\nfind . -type f | sort >"$5/pages"\n'
                           'cd "$5"\nsha256sum pages >SHA256SUMS\necho built\n')
        program.chmod(0o755)

    def make(self, package):
        tree = self.dir / package
        noise = random.Random(1)
        for i in range(COUNT):
            for name in (PAGES[package].format(i), str(Path(PAGES[package].format(i)).with_suffix(".png"))):
                path = tree / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(noise.randbytes(4000))
        (tree / "DEBIAN").mkdir()
        (tree / "DEBIAN/control").write_text(
            f"Package: {package}\nVersion: 1\nArchitecture: all\nMaintainer: Nobody <nobody@example.org>\nDescription: text\n")
        subprocess.run(["dpkg-deb", "--build", "--root-owner-group", "-Zgzip", tree, self.deb(package)], check=True,
                       capture_output=True)

    def deb(self, package):
        return self.dir / f"cache/packages/{package}_1_all.deb"

    def corpus(self):
        done = subprocess.run([ROOT / "deploy/corpus", "--cache", self.dir / "cache", "--out", self.dir / "text",
                               "--longhaul", self.dir / "longhaul"], capture_output=True, text=True, timeout=120)
        return done.returncode, done.stderr

    def test_all_pages_and_nothing_else_become_the_text(self):
        code, err = self.corpus()
        self.assertEqual(code, 0, err)
        pages = (self.dir / "text/pages").read_text().split()
        self.assertEqual(len(pages), 3 * COUNT)
        self.assertIn("./debian-handbook/de-DE/7.html", pages)
        self.assertIn("de/gnome-help/7.page", "\n".join(pages))
        code, err = self.corpus()
        self.assertEqual(code, 0, err)
        self.assertIn("is there and its digests are right", err)

    def test_a_package_that_ends_half_way_is_refused_and_removed(self):
        for package in PAGES:
            whole = self.deb(package).read_bytes()
            self.deb(package).write_bytes(whole[:len(whole) * 6 // 10])
            code, err = self.corpus()
            self.assertEqual(code, 3, err)
            self.assertIn(f"{self.deb(package)} is damaged; removed", err)
            self.assertFalse(self.deb(package).exists())
            self.assertFalse((self.dir / "text").exists())
            self.assertEqual([p.name for p in (self.dir / "cache").iterdir() if p.name.startswith("unpack")], [])
            self.deb(package).write_bytes(whole)


if __name__ == "__main__":
    unittest.main()
