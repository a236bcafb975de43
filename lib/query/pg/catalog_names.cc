#include "query/pg/catalog_names.h"

#include "query/pg/tokens.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

namespace restate::query::pg {
namespace {

/// Types of PostgreSQL that are numbers or texts here.
constexpr std::string_view kReferences[] = {"regclass", "regtype",     "regproc", "regprocedure",
                                            "regoper",  "regoperator", "regrole", "regnamespace",
                                            "oid",      "name",        "xid",     "regcollation"};

/// More than the statements of tools have, and each takes ten times the room of a comma. Names behind
/// them stay as they are.
constexpr std::size_t kMostTokens = 200'000;

/// Copies a statement and leaves out or replaces some of its tokens.
class Rewriting {
 public:
  explicit Rewriting(std::string_view sql) : sql_(sql), words_(sql, kMostTokens) {}

  std::string run() {
    for (std::size_t i = 0; i < words_.size();) i = step(i);
    out_.append(sql_.substr(copied_));
    return std::move(out_);
  }

 private:
  /// Handles the token at `i`; answers the next one to look at.
  std::size_t step(std::size_t i) {
    if (words_.is(i, "operator") && words_.is(i + 1, "(")) return operator_call(i);
    if (words_.is(i, "collate")) {
      const std::size_t name = words_.is(i + 1, "pg_catalog") && words_.is(i + 2, ".") ? i + 3 : i + 1;
      if (words_.name(name) == "default" || words_.name(name) == "C") return drop(i, name + 1);
    }
    if (words_.is(i, ":") && words_.is(i + 1, ":")) return cast(i);
    if (words_.is(i, "pg_catalog") && words_.is(i + 1, ".")) return drop(i, i + 2);
    if (words_.is(i, "information_schema") && words_.is(i + 1, ".")) {
      return replace(i, i + 1, kInformation);
    }
    return i + 1;
  }

  /// `OPERATOR(pg_catalog.~)`
  std::size_t operator_call(std::size_t i) {
    std::size_t end = i + 2;
    while (end < words_.size() && !words_.is(end, ")")) ++end;
    std::string symbol;
    for (std::size_t k = i + 2; k < end; ++k) {
      if (words_[k].kind == TokenKind::kSymbol && !words_.is(k, ".")) symbol += words_[k].text;
    }
    return replace(i, end + 1, " " + symbol + " ");
  }

  /// `::regclass` and the like, at the first colon.
  std::size_t cast(std::size_t i) {
    const bool qualified = words_.is(i + 2, "pg_catalog") && words_.is(i + 3, ".");
    const std::size_t type = qualified ? i + 4 : i + 2;
    const std::string name = words_.name(type);
    if (words_[type].kind == TokenKind::kQuoted && name == "char") {
      return replace(i, type + 1, "::text");
    }
    if (std::find(std::begin(kReferences), std::end(kReferences), name) == std::end(kReferences)) {
      return qualified ? replace(i, type, "::") : type;
    }
    std::size_t end = type + 1;
    if (words_.is(end, "[") && words_.is(end + 1, "]")) end += 2;
    if (i > 0 && words_[i - 1].kind == TokenKind::kString) {
      std::string literal(words_[i - 1].text);
      constexpr std::string_view kPrefix = "'pg_catalog.";
      if (literal.starts_with(kPrefix)) literal = "'" + literal.substr(kPrefix.size());
      if (name == "regclass") {
        literal = "(SELECT oid FROM restate." + std::string(kCatalog) + ".pg_class WHERE relname = " +
                  literal + ")";
      }
      // It was copied when it was not known what follows.
      return replace(i - 1, end, literal);
    }
    return drop(i, end);
  }

  std::size_t drop(std::size_t from, std::size_t to) { return replace(from, to, " "); }

  /// Puts `text` in place of the tokens from `from` to before `to`.
  std::size_t replace(std::size_t from, std::size_t to, std::string_view text) {
    to = std::min(to, words_.size());
    out_.append(sql_.substr(copied_, words_[from].begin - copied_));
    out_.append(text);
    copied_ = words_[to - 1].begin + words_[to - 1].text.size();
    return to;
  }

  std::string_view sql_;
  Words words_;
  std::string out_;
  std::size_t copied_ = 0;
};

}  // namespace

std::string without_catalog_names(std::string_view sql) { return Rewriting(sql).run(); }

}  // namespace restate::query::pg
