"""tests/bare/run in a copy of its folder where the bare machine is invented: killed at work, it leaves nothing."""
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOLS = {
    "mmdebstrap": '#!/bin/bash\nmkdir -p "${@: -1}"/{proc,sys,dev,root}\necho "${@: -1}" >"$STATE/folder"\n',
    "git": "#!/bin/sh\n",
    # In the namespaces: what the demo would leave behind, a session of its own that writes on.
    "chroot": '#!/bin/bash\nsetsid bash -c \'while :; do echo x >>"$0/root/litter"; sleep 0.01; done\' "$1" &\n'
              'touch "$1/root/litter" "$STATE/there"\nsleep 600\n',
}


def processes_with(word):
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if word.encode() in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            pass
    return found


def within(seconds, condition):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


class BareTest(unittest.TestCase):
    @unittest.skipIf(os.geteuid() != 0, "namespaces need root")
    def test_killed_at_work_it_leaves_no_process_no_mount_and_no_folder(self):
        allowed = subprocess.run(["unshare", "--mount", "--pid", "--fork", "mount", "-t", "proc", "proc", "/proc"], capture_output=True)
        if allowed.returncode != 0:
            self.skipTest("this machine does not allow mounts")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        state = Path(folder.name)
        for name in ("tests/bare", "deploy", "tools"):
            (state / name).mkdir(parents=True)
        shutil.copy(ROOT / "tests/bare/run", state / "tests/bare/run")
        shutil.copy(ROOT / "deploy/common.sh", state / "deploy/common.sh")
        for path, text in {"deploy/install-packages": "#!/bin/sh\n", **{f"tools/{k}": v for k, v in TOOLS.items()}}.items():
            (state / path).write_text(text)
            (state / path).chmod(0o755)
        for number in (signal.SIGTERM, signal.SIGINT):
            bare = subprocess.Popen(["env", "--default-signal=INT", state / "tests/bare/run", "demo"], stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL, start_new_session=True,
                                    env={**os.environ, "STATE": str(state), "PATH": f"{state}/tools:{os.environ['PATH']}"})
            self.addCleanup(bare.wait)
            self.addCleanup(bare.kill)
            self.assertTrue(within(30, (state / "there").exists))
            machine = (state / "folder").read_text().strip()
            self.assertTrue(processes_with(machine))
            bare.send_signal(number)
            self.assertEqual(bare.wait(30), 128 + number)
            self.assertTrue(within(5, lambda: not processes_with(machine)), processes_with(machine))
            self.assertFalse(Path(machine).exists())
            self.assertNotIn(machine, Path("/proc/mounts").read_text())
            (state / "there").unlink()


if __name__ == "__main__":
    unittest.main()
