# What the language says by itself needs no sentence: comparison of all members, copies that there are not.
# Lines stay where they are, so that warnings name the right ones.
s/^ *\(bool operator==\|auto operator<=>\)([^)]*) const = default;.*$//
s/^ *[A-Za-z]*(const [A-Za-z]*&) = delete;$//
s/^ *[A-Za-z]*& operator=(const [A-Za-z]*&) = delete;$//
