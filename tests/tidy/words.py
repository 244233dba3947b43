"""The text speaks of the project only: nothing left to do later (that is what issues are for), no path of
somebody's machine, no trace of a merge. A document that is mentioned exists."""
import re

FORBIDDEN = [
    (re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b"), "work left undone"),
    (re.compile(r"^(<{7} |>{7} |={7}$)", re.M), "a merge conflict"),
    (re.compile(r"(?<![\w.])/(home|Users|mnt|media)/\w+/\w"), "a path of one machine"),
    (re.compile(r"[ \t]+$", re.M), "a blank at the end of a line"),
]


def text_is_clean(tree):
    offences = []
    for path, text in tree.files.items():
        for pattern, what in FORBIDDEN:
            for match in pattern.finditer(text):
                offences.append(f"{path}:{text.count(chr(10), 0, match.start()) + 1}: {what}: {match.group().strip()!r}")
    return offences


def documents_exist(tree):
    return [f"{path}:{text.count(chr(10), 0, match.start()) + 1}: {match.group()} does not exist"
            for path, text in tree.files.items() for match in re.finditer(r"\bdocs/[\w.-]*\w", text)
            if match.group() not in tree.paths]
