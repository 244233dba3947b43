"""A file is one idea and a function is one thought: both can be read without scrolling far."""
import ast

import cpp_source

MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 70
CODE = (".h", ".cc", ".cu", ".py", ".ts", ".tsx", ".js", ".mjs", ".css", ".sh", ".cmake", "CMakeLists.txt")


def is_code(path, text):
    return path.endswith(CODE) or text.startswith("#!")


def files_are_short(tree):
    return [f"{path}: {lines} lines" for path, text in tree.files.items()
            if is_code(path, text) and (lines := text.count("\n")) > MAX_FILE_LINES]


def functions_are_short(tree):
    offences = []
    for path, text in tree.files.items():
        if path.endswith((".h", ".cc", ".cu")):
            found = [(f.name, f.line, f.lines) for f in cpp_source.functions(text)]
        elif path.endswith(".py") or text.startswith("#!/usr/bin/env python3"):
            found = [(n.name, n.lineno, n.end_lineno - n.lineno + 1) for n in ast.walk(ast.parse(text))
                     if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]
        else:
            continue
        offences += [f"{path}:{line}: {name} has {lines} lines" for name, line, lines in found
                     if lines > MAX_FUNCTION_LINES]
    return offences
