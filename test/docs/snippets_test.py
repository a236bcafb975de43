#!/usr/bin/env python3
"""That snippets.py finds what it is there to find."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import snippets

PROGRAM = """#include <restate/engine.h>

int twice(int x);

// Two of it.
int twice(int x) {
  // [sum]
  return x + x;
  // [/sum]
}
"""


class Book(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name).resolve()
        self.put("examples/main.cc", PROGRAM)

    def put(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def findings(self, write=False):
        return snippets.check(self.root, write)[0]

    def shows(self, source, *lines):
        self.put("README.md", "\n".join([f"<!-- from: {source} -->", "```cpp", *lines, "```", ""]))

    def test_a_block_that_is_what_stands_in_the_file(self):
        self.shows("examples/main.cc#sum", "return x + x;")
        self.assertEqual(self.findings(), [])

    def test_a_function_needs_no_marks_and_shows_none(self):
        self.shows("examples/main.cc#twice", "// Two of it.", "int twice(int x) {", "  return x + x;", "}")
        self.assertEqual(self.findings(), [])

    def test_a_block_that_has_changed_is_found_and_taken_over(self):
        self.shows("examples/main.cc#sum", "return 2 * x;", "// and more")
        self.assertIn("README.md:2: is not what stands in", self.findings()[0])
        self.assertEqual(self.findings(write=True), [])
        self.assertIn("return x + x;\n```", (self.root / "README.md").read_text())
        self.assertEqual(self.findings(), [])

    def test_two_blocks_of_other_lengths_are_both_taken_over(self):
        self.put("README.md", 2 * "<!-- from: examples/main.cc -->\n\n```cpp\nold\n```\n")
        self.assertEqual(self.findings(write=True), [])
        self.assertEqual((self.root / "README.md").read_text().count("int twice(int x) {"), 2)
        self.assertEqual(self.findings(), [])

    def test_a_part_or_file_that_is_gone(self):
        self.shows("examples/main.cc#other", "x")
        self.assertIn("has no part [other]", self.findings()[0])
        self.shows("examples/gone.cc", "x")
        self.assertIn("does not exist", self.findings()[0])

    def test_a_line_that_promises_a_block_and_has_none(self):
        self.put("README.md", "<!-- from: examples/main.cc -->\nwords\n")
        self.assertIn("no block of code follows", self.findings()[0])
        self.put("README.md", "<!-- from: two files -->\n```\n```\n")
        self.assertIn("not understood", self.findings()[0])

    def test_links_to_files_and_headings(self):
        self.put("docs/a.md", "# A `name`, twice\n## Next\n## Next\n")
        self.put("README.md", "[a](docs/a.md#a-name-twice) [b](docs/a.md#next-1) [c](#here) `[d](none)`\n# Here\n"
                              "```\n[e](none)\n```\n[![f](docs/a.md)](docs/) https://x.invalid [g](https://x)\n")
        self.assertEqual(self.findings(), [])
        self.put("README.md", "[a](docs/a.md#other) [b](docs/b.md) [![c](docs/a.md)](gone/)\n")
        self.assertEqual(sorted(f.split(": ", 1)[1] for f in self.findings()),
                         ["has no such heading: docs/a.md#other", "leads nowhere: docs/b.md", "leads nowhere: gone/"])

    def test_a_page_that_nobody_leads_to(self):
        self.put("docs/a.md", "# A\n[me](a.md)\n")
        self.assertEqual(self.findings(), ["docs/a.md:1: no page leads here"])

    def test_sources_that_speak_of_a_page(self):
        self.put("lib/x.h", "// see docs/gone.md\n")
        self.assertEqual(self.findings(), ["lib/x.h:1: speaks of docs/gone.md, which is not there"])


if __name__ == "__main__":
    unittest.main()
