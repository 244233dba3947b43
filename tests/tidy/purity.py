"""daemon/core and daemon/agent/core decide by their arguments alone; that is what makes a journal replay
and a simulation faithful. So they name no source of time, chance, input or output."""
import re

import cpp_source

PURE = ("daemon/core/", "daemon/agent/core/")

FORBIDDEN = [
    (r"\bstd::chrono::\w*_clock\b|\bclock_gettime\b|\bgettimeofday\b|\btime\s*\(\s*(0|NULL|nullptr|&)", "a clock"),
    (r"\bstd::(random_device|mt19937\w*|default_random_engine)\b|\bs?rand\s*\(|\bgetrandom\b|base/crypto/random\.h",
     "chance"),
    (r"#\s*include\s*<(fstream|filesystem|iostream|cstdio|stdio\.h|fcntl\.h|unistd\.h|dirent\.h)>|base/posix/|base/sqlite/",
     "files"),
    (r"#\s*include\s*<(sys/|netinet/|arpa/|netdb\.h|boost/asio|boost/beast)", "sockets or system calls"),
    (r"#\s*include\s*<(thread|mutex|shared_mutex|condition_variable|future|atomic)>", "threads"),
    (r"\blog_(debug|info|warning|error|line)\s*\(|base/core/log\.h|\bspdlog\b|\bf?printf\s*\(|\bstd::(cout|cerr)\b", "a log"),
    (r"\bgetenv\b|\bgetpid\b|\bthread_local\b", "state of the process"),
]


def cores_are_pure(tree):
    offences = []
    for path, text in tree.cpp(tests=False):
        if not path.startswith(PURE):
            continue
        code = cpp_source.without_comments(text)
        for pattern, what in FORBIDDEN:
            for match in re.finditer(pattern, code):
                line = code.count("\n", 0, match.start()) + 1
                offences.append(f"{path}:{line}: uses {what}: {match.group(0).strip()}")
    return offences
