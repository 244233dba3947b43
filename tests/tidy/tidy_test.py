"""Each rule finds the offence that it is for, in a small invented tree, and is silent without it."""
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import arrows
import coverage
import cpp_source
import formatting
import purity
import sizes
import words
from tree import Tree


def tree(**changes):
    files = {
        "base/core/CMakeLists.txt": "add_module(NAME base_core SRCS check.cc)",
        "base/core/check.h": "#pragma once\n",
        "base/core/check.cc": '#include "base/core/check.h"\n',
        "daemon/core/CMakeLists.txt": "add_module(NAME daemon_core SRCS decide.cc DEPS base_core)",
        "daemon/core/decide.h": "#pragma once\n",
        "daemon/core/decide.cc": '#include "daemon/core/decide.h"\n#include "base/core/check.h"\n',
        "tests/daemon/core/CMakeLists.txt": "add_module_test(NAME daemon_core_test SRCS decide_test.cc)",
        "tests/daemon/core/decide_test.cc": "",
        "tests/tidy/untested.txt": "base/core/check.cc: aborts the process\n",
    }
    files.update(changes.get("files", {}))
    return Tree({path: text for path, text in files.items() if text is not None})


class RuleTest(unittest.TestCase):
    def check(self, rule, files, words_of_offence):
        self.assertEqual(rule(tree()), [])
        offences = rule(tree(files=files))
        self.assertEqual(len(offences), 1, offences)
        self.assertIn(words_of_offence, offences[0])

    def test_an_include_without_a_dep(self):
        self.check(arrows.includes_follow_deps,
                   {"base/core/check.cc": '#include "daemon/core/decide.h"\n'}, "has no DEPS daemon_core")

    def test_an_include_of_nothing(self):
        self.check(arrows.includes_follow_deps, {"base/core/check.cc": '#include "base/core/gone.h"\n'}, "not in the repo")

    def test_an_include_without_its_folder(self):
        self.check(arrows.includes_follow_deps, {"base/core/check.cc": '#include "check.h"\n'}, "not in the repo")

    def test_a_dep_of_a_program_against_the_layers(self):
        self.check(arrows.deps_follow_layers,
                   {"wire/CMakeLists.txt": "add_program(NAME tool SRCS main.cc DEPS daemon_core)"}, "tool → daemon_core is no arrow")

    def test_beast_in_a_source_of_another_module(self):
        for line in ("#include <boost/beast/http.hpp>\n", '#include "boost/beast/http.hpp"\n'):
            self.check(arrows.beast_stays_in_http, {"daemon/core/decide.cc": line}, "daemon/core/decide.cc: includes Beast")
        self.assertEqual(arrows.beast_stays_in_http(tree(files={"telemetry/http/a.cc": "#include <boost/beast/http.hpp>\n"})), [])

    def test_a_dep_against_the_layers(self):
        self.check(arrows.deps_follow_layers,
                   {"base/core/CMakeLists.txt": "add_module(NAME base_core SRCS check.cc DEPS daemon_core)"}, "no arrow")

    def test_a_heavy_header(self):
        files = {"base/core/check.h": "#include <boost/asio/io_context.hpp>\n"}
        self.check(arrows.headers_stay_light, files, "daemon/core/decide.cc: includes base/core/check.h")
        files["daemon/core/decide.cc"] = ""  # its own module may include it
        self.assertEqual(arrows.headers_stay_light(tree(files=files)), [])

    def test_an_impure_core(self):
        for line in ("std::chrono::steady_clock::now();", "#include <fstream>", "#include <sys/socket.h>",
                     "std::random_device d;", "#include <thread>", 'log_info("x");', 'getenv("X");',
                     '#include "base/posix/file.h"', "int t = time(nullptr);"):
            self.check(purity.cores_are_pure, {"daemon/core/decide.cc": line + "\n"}, "daemon/core/decide.cc:1")
        self.assertEqual(purity.cores_are_pure(tree(files={"daemon/core/decide.cc": "// asks no steady_clock\n"})), [])

    def test_a_long_file(self):
        self.check(sizes.files_are_short, {"base/core/check.h": "\n" * 501}, "501 lines")

    def test_a_long_function(self):
        body = "void f(int a) {\n" + "  g();\n" * 69 + "}\n"
        self.check(sizes.functions_are_short, {"base/core/check.cc": body}, "f has 71 lines")
        self.check(sizes.functions_are_short,
                   {"a.py": "def f():\n" + "    g()\n" * 70}, "f has 71 lines")

    def test_a_source_and_a_test_that_are_not_built(self):
        self.check(coverage.sources_are_built, {"base/core/new.cc": ""}, "base/core/new.cc")
        self.check(coverage.tests_are_built, {"tests/base/core/new_test.cc": ""}, "new_test.cc")

    def test_a_source_without_test_or_reason(self):
        self.check(coverage.sources_have_tests, {"tests/daemon/core/decide_test.cc": None}, "no tests/daemon/core/dec")
        self.check(coverage.sources_have_tests, {"tests/tidy/untested.txt": "base/core/check.cc:\n"}, "no reason")
        self.check(coverage.sources_have_tests,
                   {"tests/tidy/untested.txt": "base/core/check.cc: aborts\nbase/gone.cc: was\n"}, "does not exist")
        self.check(coverage.sources_have_tests,
                   {"tests/tidy/untested.txt": "base/core/check.cc: by tests/base/no_test.cc\n"}, "no_test.cc does not")
        self.check(coverage.sources_have_tests,
                   {"tests/tidy/untested.txt": "base/core/check.cc: no_test.cc kills processes\n"}, "no_test.cc does not")
        self.assertEqual(coverage.sources_have_tests(
            tree(files={"tests/tidy/untested.txt": "base/core/check.cc: decide_test.cc\n"})), [])

    def test_words(self):
        for text in ("// TO" "DO: later\n", "<" * 7 + " HEAD\n", "see /ho" "me/x/y\n", "blank \n"):
            self.check(words.text_is_clean, {"base/core/check.h": text}, "base/core/check.h:1")

    def test_a_document_that_is_not_there(self):
        self.check(words.documents_exist, {"base/core/check.h": "// see doc" "s/gone.md\n"}, "gone.md does not exist")


    def test_shell_scripts_of_either_shell_that_do_not_parse(self):
        for first in ("#!/bin/sh", "#!/bin/bash", "#!/usr/bin/env bash", "#!/bin/sh -e"):
            self.check(formatting.shell_parses, {"deploy/tool": first + "\nif true; then\n"}, "deploy/tool: ")
        self.check(formatting.shell_parses, {"deploy/tool.sh": "case x in\n"}, "deploy/tool.sh: ")
        self.check(formatting.shell_parses, {"deploy/tool": "#!/bin/sh\nx=(1 2)\n"}, "deploy/tool: ")  # bash only

    def test_a_formatter_that_crashes_is_no_pass(self):
        for script, words_of_offence in (("kill -SEGV $$", "exit code -11"), ("echo no such style >&2; exit 1", "no such style"),
                                         ("echo 'base/core/check.h:1:2: error: x' >&2; exit 1", "base/core/check.h:1:2")):
            with tempfile.TemporaryDirectory() as folder:
                tool = Path(folder, "clang-format-14")
                tool.write_text(f"#!/bin/sh\n{script}\n")
                tool.chmod(0o755)
                with mock.patch.object(formatting.shutil, "which", return_value=str(tool)):
                    offences = formatting.clang_format(tree())
            self.assertEqual(len(offences), 1, offences)
            self.assertIn(words_of_offence, offences[0])


class FunctionTest(unittest.TestCase):
    def names(self, text):
        return [(f.name, f.lines) for f in cpp_source.functions(text)]

    def test_functions_are_found_where_they_are_and_nothing_else(self):
        self.assertEqual(self.names('''
namespace a {
struct Point { int x = 0; std::vector<int> v{1, 2}; };
enum class E { kA, kB };
constexpr int kTable[] = {1, 2};
int f(int a) {
  const auto lambda = [&](int b) { return b; };
  if (a) { return 1; }
  return lambda(a);
}
class C : public B {
 public:
  C(int x) : a_{x}, b_(x) {
  }
  int get() const noexcept override { return a_; }
 private:
  int a_;
};
template <class T>
Result<T> g(T t)
{ return "} \\" {"; }  // { in a comment
TEST(Suite, IsASentence) {
}
}  // namespace a
'''), [("f", 5), ("C", 2), ("get", 1), ("g", 3), ("TEST(Suite, IsASentence)", 2)])

    def test_raw_strings_and_digit_separators_do_not_confuse(self):
        self.assertEqual(self.names('int f() {\n  s = R"({{{)"; n = 1\'000; c = \'{\';\n}\n'), [("f", 3)])


if __name__ == "__main__":
    unittest.main()
