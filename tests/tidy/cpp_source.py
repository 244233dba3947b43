"""Just enough C++ to find functions and to look past comments and strings. No preprocessor: what this
cannot read it must not report, so it errs towards silence."""
import re
from dataclasses import dataclass

TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
      | (?P<raw>R"(?P<delimiter>[^\s()\\]{0,16})\(.*?\)(?P=delimiter)")
      | (?P<string>"(?:\\.|[^"\\\n])*")
      | (?P<char>(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])*')
      | (?P<preprocessor>(?m:^)[ \t]*\#(?:\\\n|[^\n])*)""",
    re.S | re.X)


ACCESS = re.compile(r"\s*((public|private|protected)\s*:\s*)*")


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def without_comments(text):
    """Same length, same lines; comments become blanks. Strings and preprocessor lines stay."""
    return TOKEN.sub(lambda m: _blank(m.group()) if m.group("comment") else m.group(), text)


def only_code(text):
    """Also strings, characters and preprocessor lines become blanks."""
    return TOKEN.sub(lambda m: _blank(m.group()), text)


@dataclass
class Function:
    name: str
    line: int    # of the first line of its head
    lines: int   # from there to the closing brace


def functions(text):
    """Function definitions at namespace or class scope, test bodies included; lambdas and local classes
    count as lines of the function around them."""
    code = only_code(text)
    found = []
    stack = []       # kinds of the open braces: "scope", "function", "other"
    started = []     # for "function": (name, offset of the head)
    head_start = 0
    for match in re.finditer(r"[{};]", code):
        char, at = match.group(), match.start()
        inside_function = "function" in stack
        if char == "{":
            head = code[head_start:at]
            kind = "other" if inside_function else _kind(head)
            stack.append(kind)
            if kind == "function":
                begin = head_start + ACCESS.match(head).end()
                started.append((_name(head), begin))
            if kind != "other":
                head_start = match.end()
        elif char == "}":
            if not stack:
                return found  # unbalanced by the preprocessor: give up quietly
            kind = stack.pop()
            if kind == "function":
                name, begin = started.pop()
                first, last = (code.count("\n", 0, x) + 1 for x in (begin, at))
                found.append(Function(name, first, last - first + 1))
            if kind != "other":
                head_start = match.end()
        elif not inside_function and not (stack and stack[-1] == "other"):
            head_start = match.end()
    return found


def _kind(head):
    head = head[ACCESS.match(head).end():].rstrip()
    if re.match(r"(inline\s+)?namespace\b|extern\b", head):
        return "scope"
    if re.match(r"(template\s*<.*>\s*)?(class|struct|union)\b", head, re.S) and not re.search(r"\)\s*[\w\s&]*$", head):
        return "scope"
    if re.match(r"enum\b", head) or head.endswith("=") or "(" not in head:
        return "other"
    # A member initializer `a_{` or a default argument: an identifier stands before the brace and a colon
    # opened the list.
    if re.search(r"\)\s*(noexcept\s*)?:(?!:)", head) and re.search(r"[\w>]$", head):
        return "other"
    return "function"


def _name(head):
    match = re.search(r"([~\w:]+|operator\s*\S+)\s*\(", head)
    if match and match.group(1) in ("TEST", "TEST_F", "TEST_P"):
        arguments = re.search(r"\(([^)]*)\)", head).group(1)
        return f"{match.group(1)}({' '.join(arguments.split())})"
    return match.group(1) if match else head.strip()[:40]
