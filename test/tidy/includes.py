#!/usr/bin/env python3
"""Checks that every file of the library reaches a header that declares what it names.

Where many files are compiled as one, a file that lacks an include finds what it needs in its
neighbours. This reads the names that our own headers declare (types, constants, macros, functions) and
looks for them in each file: one of the headers that declare a name must be among the file's includes,
or theirs. Run by ctest (`ctest -R includes`); needs no build. Prints one line per finding and exits 1
if there are any.
"""

import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLACES = ("lib", "include", "apps")

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)
TYPE = re.compile(r"^(?:struct|class|enum class|enum|union) (?:RESTATE_\w+ |\[\[\w+\]\] )*(\w+)")
ALIAS = re.compile(r"^using (?:(\w+) ?=|[\w:]*::(\w+)$)")
NESTED = re.compile(r"\b(?:struct|class|enum|using) (?:class |RESTATE_\w+ )?(\w+)")
CONSTANT = re.compile(r"^(?:inline |extern |static )*(?:constexpr|const)\b.*?\b(k[A-Z]\w*)")
FUNCTION = re.compile(r"^(?!using|friend|static_assert)[\w:<>,&*\[\]() ]*?[\w>&*\])] ?[&*]?\b(?!requires)([a-z]\w*)\(")
# A name with all that qualifies it, and whether it is called.
USE = re.compile(r"(?<![\w.:])((?:\w+::)*)(\w+)\b(\s*\()?")


def stripped(text):
    """The code: no comments, texts, includes."""
    text = re.sub(r'R"(\w*)\((?:.|\n)*?\)\1"', '""', text)
    text = re.sub(r"//[^\n]*|/\*(?:.|\n)*?\*/", "", text)
    text = re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)
    text = re.sub(r"(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'", "' '", text)
    return text.replace("\\\n", " ")


class Sources:
    def __init__(self):
        self.text = {}
        for place in PLACES:
            for path in sorted((ROOT / place).rglob("*")):
                if path.suffix in (".h", ".cc"):
                    self.text[path] = path.read_text()
        self.code = {path: stripped(text) for path, text in self.text.items()}
        self.includes = {path: set(self._included(path)) for path in self.text}
        self._reached = {}
        # (namespace, name) -> headers; what has no namespace of its own is `restate`.
        self.declared = collections.defaultdict(set)
        self.announced = collections.defaultdict(set)  # class X;
        # Types of any depth: a class may have one that is called as another header's.
        self.types = {path: set(NESTED.findall(code)) for path, code in self.code.items()}
        # Functions may be members and variables as well, which every header may have.
        self.words = {path: set(re.findall(r"\b(\w+)\s*[(;={]", code)) for path, code in self.code.items()}
        for path in self.text:
            if path.suffix == ".h":
                self._declarations(path)

    def _included(self, path):
        for kind, name in INCLUDE.findall(self.text[path]):
            places = [ROOT / "include"]
            if kind == '"':
                places = [path.parent, ROOT / "lib", ROOT / "include"]
            for place in places:
                candidate = place / name
                if candidate in self.text:
                    yield candidate
                    break

    def reached(self, path):
        if path not in self._reached:
            seen, todo = set(), [path]
            while todo:
                one = todo.pop()
                if one not in seen:
                    seen.add(one)
                    todo += self.includes[one]
            self._reached[path] = seen
        return self._reached[path]

    def _declarations(self, path):
        for name in re.findall(r"^\s*#\s*define\s+(\w+)", self.code[path], re.M):
            self.declared[("", name)].add(path)
        for head, space, has_body in statements(self.code[path]):
            namespace = space[-1] if space else ""
            head = re.sub(r"^template ?<.*?> ?(?=struct |class |using |inline |constexpr |\w+[ :<&*])", "", head)
            if found := TYPE.match(head):
                table = self.declared if has_body or head.startswith("enum") else self.announced
                table[(namespace, found.group(1))].add(path)
            elif found := ALIAS.match(head) or CONSTANT.match(head) or FUNCTION.match(head):
                self.declared[(namespace, found.group(found.lastindex))].add(path)


def statements(code):
    """What stands at namespace scope: (text up to `;` or `{`, namespaces, whether a body follows)."""
    code = "\n".join(line for line in code.split("\n") if not line.lstrip().startswith("#"))
    scopes, begin = [], 0
    for found in re.finditer(r"[{};]", code):
        sign = found.group(0)
        head = " ".join(code[begin:found.start()].split())
        begin = found.end()
        outside = all(scope is not None for scope in scopes)
        if sign == "}":
            if scopes:
                scopes.pop()
            continue
        space = [part for scope in scopes if scope for part in scope.split("::")]
        if sign == "{":
            if namespace := re.match(r"^(?:inline )?namespace ?([\w:]*)$", head):
                scopes.append(namespace.group(1))
                continue
            scopes.append(None)
        if outside and head:
            yield head, space, sign == "{"


def own_namespaces(code):
    """The namespaces a file is in, and those it uses as a whole."""
    spaces = {""}
    for name in re.findall(r"^(?:inline )?(?:using )?namespace ([\w:]+)", code, re.M):
        spaces.update(name.split("::"))
    return spaces


def main():
    sources = Sources()
    named = collections.defaultdict(set)  # name -> namespaces that have it
    for namespace, name in sources.declared:
        named[name].add(namespace)
    findings = []
    for path, code in sources.code.items():
        body = "\n".join(line for line in code.split("\n") if not re.match(r"\s*#\s*include", line))
        spaces = own_namespaces(body)
        reached = sources.reached(path)
        seen = set()
        for qualifier, name, call in uses(body):
            if name not in named or (qualifier, name) in seen:
                continue
            is_function = name[0].islower() and not re.match(r"k[A-Z]", name)
            if is_function and not call:
                continue
            seen.add((qualifier, name))
            if qualifier:
                homes = [qualifier] if qualifier in named[name] else []
            else:
                homes = [space for space in named[name] if space in spaces]
            headers = set().union(*(sources.declared[(home, name)] | sources.announced[(home, name)]
                                    for home in homes)) if homes else set()
            if not headers or headers & reached:
                continue
            known = sources.words if is_function else sources.types
            if not qualifier and any(name in known[one] for one in reached if one != path or not is_function):
                continue
            if not qualifier and declared_here(name, body):
                continue
            where = ", ".join(sorted(header.relative_to(ROOT).as_posix() for header in headers))
            findings.append(f"{path.relative_to(ROOT).as_posix()}: {name} is declared in {where}, which "
                            "this file does not reach")
    for finding in findings:
        print(finding)
    print(f"{len(sources.text)} files, {len(named)} names, {len(findings)} findings")
    return 1 if findings else 0


def uses(body):
    """Each name with what qualifies it: of a::b::c(, a, then a::b, then b::c."""
    for found in USE.finditer(body):
        parts = [*found.group(1).split("::")[:-1], found.group(2)]
        if body[max(found.start() - 2, 0):found.start()] == "->":
            continue
        for number, name in enumerate(parts):
            yield parts[number - 1] if number else None, name, found.group(3) and number + 1 == len(parts)


def declared_here(name, body):
    """Whether the file has something of that name itself, of whatever kind."""
    return (re.search(rf"\b(?:typename|namespace)\s+{name}\b", body)
            or re.search(rf"[{{,]\s*{name}\s*[,=}}]", body)
            or re.search(rf"\b(?:constexpr|const)\b[^;\n(]*\b{name}\b\s*[={{\[]", body)
            or re.search(rf"[\w>&*\])](?<!return)(?<!else)(?<!case) [&*]?{name}\s*[(={{;,)]", body)
            or re.search(rf"[&\[]{name}(?: = |\]|, )", body))


if __name__ == "__main__":
    sys.exit(main())
