#include "query/pg/sql_text.h"

#include "common/ascii.h"

#include <algorithm>
#include <array>
#include <optional>

namespace restate::query::pg {
namespace {

constexpr std::size_t kNpos = std::string_view::npos;
/// What a statement is shows in so many words, however long it is.
constexpr std::size_t kTellingWords = 64;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool begins_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool in_word(char c) { return begins_word(c) || is_digit(c) || c == '$'; }

/// Reads one token after the other.
class Lexer {
 public:
  explicit Lexer(std::string_view sql) : sql_(sql) {}

  std::optional<Token> next() {
    skip();
    if (at_ >= sql_.size()) return std::nullopt;
    const std::size_t begin = at_;
    const TokenKind kind = take();
    return Token{kind, begin, sql_.substr(begin, at_ - begin)};
  }

 private:
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0';
  }

  void skip() {
    while (at_ < sql_.size()) {
      if (is_space(sql_[at_])) {
        ++at_;
      } else if (peek() == '-' && peek(1) == '-') {
        at_ = std::min(sql_.find('\n', at_), sql_.size());
      } else if (peek() == '/' && peek(1) == '*') {
        skip_comment();
      } else {
        return;
      }
    }
  }

  void skip_comment() {
    int depth = 0;  // they nest
    while (at_ < sql_.size()) {
      if (peek() == '/' && peek(1) == '*') {
        ++depth;
        at_ += 2;
      } else if (peek() == '*' && peek(1) == '/') {
        --depth;
        at_ += 2;
        if (depth == 0) return;
      } else {
        ++at_;
      }
    }
    at_ = sql_.size();
  }

  TokenKind take() {
    const char c = peek();
    if (c == '\'') return quoted('\'', false, TokenKind::kString);
    if (c == '"') return quoted('"', false, TokenKind::kQuoted);
    if ((c == 'e' || c == 'E') && peek(1) == '\'') {
      ++at_;
      return quoted('\'', true, TokenKind::kString);
    }
    if (c == '$' && is_digit(peek(1))) {
      ++at_;
      while (is_digit(peek())) ++at_;
      return TokenKind::kParameter;
    }
    if (c == '$' && dollar_quoted()) return TokenKind::kString;
    if (begins_word(c)) {
      while (in_word(peek())) ++at_;
      return TokenKind::kWord;
    }
    if (is_digit(c)) {
      while (is_digit(peek()) || peek() == '.' || begins_word(peek())) ++at_;
      return TokenKind::kNumber;
    }
    ++at_;
    return TokenKind::kSymbol;
  }

  TokenKind quoted(char quote, bool backslashes, TokenKind kind) {
    ++at_;
    while (at_ < sql_.size()) {
      if (backslashes && peek() == '\\') {
        at_ += 2;
      } else if (peek() != quote) {
        ++at_;
      } else if (peek(1) == quote) {
        at_ += 2;
      } else {
        ++at_;
        return kind;
      }
    }
    at_ = sql_.size();
    return kind;
  }

  bool dollar_quoted() {
    std::size_t end = at_ + 1;
    while (end < sql_.size() && in_word(sql_[end]) && sql_[end] != '$') ++end;
    if (end >= sql_.size() || sql_[end] != '$') return false;
    const std::string_view tag = sql_.substr(at_, end - at_ + 1);
    const std::size_t close = sql_.find(tag, end + 1);
    at_ = close == kNpos ? sql_.size() : close + tag.size();
    return true;
  }

  std::string_view sql_;
  std::size_t at_ = 0;
};

/// The tokens of one statement, or the first of them, by place; behind the last one they are empty.
class Words {
 public:
  explicit Words(std::string_view sql, std::size_t most = SIZE_MAX) : sql_(sql) {
    Lexer lexer(sql);
    while (auto token = lexer.next()) {
      if (tokens_.size() == most) {
        cut_ = true;
        break;
      }
      tokens_.push_back(*token);
    }
  }

  std::size_t size() const { return tokens_.size(); }
  const Token& operator[](std::size_t i) const { return i < tokens_.size() ? tokens_[i] : none_; }
  /// True for a word, in any case, or for a symbol.
  bool is(std::size_t i, std::string_view text) const {
    if (i >= tokens_.size() || tokens_[i].text.size() != text.size()) return false;
    if (tokens_[i].kind == TokenKind::kSymbol) return tokens_[i].text == text;
    return tokens_[i].kind == TokenKind::kWord && ascii_lower(tokens_[i].text) == text;
  }
  bool is_name(std::size_t i) const {
    return (*this)[i].kind == TokenKind::kWord || (*this)[i].kind == TokenKind::kQuoted;
  }
  /// A name as it is meant.
  std::string name(std::size_t i) const {
    const Token& token = (*this)[i];
    if (token.kind != TokenKind::kQuoted || token.text.size() < 2) return ascii_lower(token.text);
    return std::string(token.text.substr(1, token.text.size() - 2));
  }
  /// The text from token `i` on, without the quotes of a single one.
  std::string rest(std::size_t i) const {
    if (i >= tokens_.size()) return {};
    const bool single = i + 1 == tokens_.size() && !cut_;
    if (single && tokens_[i].kind == TokenKind::kString && tokens_[i].text.size() >= 2 &&
        tokens_[i].text[0] == '\'') {
      return std::string(tokens_[i].text.substr(1, tokens_[i].text.size() - 2));
    }
    const Token& last = tokens_.back();
    const std::size_t end = cut_ ? sql_.size() : last.begin + last.text.size();
    return std::string(sql_.substr(tokens_[i].begin, end - tokens_[i].begin));
  }

 private:
  std::string_view sql_;
  std::vector<Token> tokens_;
  bool cut_ = false;  ///< there are more
  Token none_{TokenKind::kSymbol, 0, {}};
};

StatementPlan plan_of_set(const Words& words) {
  std::size_t i = 1;
  if (words.is(i, "session") && words.is(i + 1, "characteristics")) {
    return {StatementKind::kNothing, "SET"};
  }
  if (words.is(i, "session") || words.is(i, "local")) ++i;
  if (words.is(i, "transaction")) return {StatementKind::kNothing, "SET"};
  StatementPlan plan{StatementKind::kSet, "SET"};
  if (words.is(i, "time") && words.is(i + 1, "zone")) {
    plan.name = "timezone";
    plan.value = words.rest(i + 2);
    return plan;
  }
  plan.name = words.name(i++);
  while (words.is(i, ".")) {
    plan.name += "." + words.name(i + 1);
    i += 2;
  }
  if (words.is(i, "=") || words.is(i, "to")) ++i;
  plan.value = words.rest(i);
  return plan;
}

StatementPlan plan_of_show(const Words& words) {
  // What DuckDB shows, too, and what people typed into older releases.
  if (words.is(1, "tables") || words.is(1, "columns") || words.is(1, "databases")) {
    return {StatementKind::kQuery, "SELECT"};
  }
  StatementPlan plan{StatementKind::kShow, "SHOW"};
  if (words.is(1, "time") && words.is(2, "zone")) {
    plan.name = "timezone";
  } else if (words.is(1, "session") && words.is(2, "authorization")) {
    plan.name = "session_authorization";
  } else if (words.is(1, "transaction") && words.is(2, "isolation")) {
    plan.name = "transaction_isolation";
  } else {
    plan.name = words.name(1);
    for (std::size_t i = 2; words.is(i, "."); i += 2) plan.name += "." + words.name(i + 1);
  }
  return plan;
}

struct Verb {
  std::string_view word;
  StatementKind kind;
  std::string_view tag;
};

constexpr Verb kVerbs[] = {
    {"select", StatementKind::kQuery, "SELECT"},
    {"values", StatementKind::kQuery, "SELECT"},
    {"with", StatementKind::kQuery, "SELECT"},
    {"table", StatementKind::kQuery, "SELECT"},
    {"from", StatementKind::kQuery, "SELECT"},
    {"describe", StatementKind::kQuery, "SELECT"},
    {"desc", StatementKind::kQuery, "SELECT"},
    {"explain", StatementKind::kQuery, "EXPLAIN"},
    {"begin", StatementKind::kBegin, "BEGIN"},
    {"start", StatementKind::kBegin, "START TRANSACTION"},
    {"commit", StatementKind::kCommit, "COMMIT"},
    {"end", StatementKind::kCommit, "COMMIT"},
    {"rollback", StatementKind::kRollback, "ROLLBACK"},
    {"abort", StatementKind::kRollback, "ROLLBACK"},
    {"savepoint", StatementKind::kSavepoint, "SAVEPOINT"},
    {"release", StatementKind::kSavepoint, "RELEASE"},
    {"set", StatementKind::kSet, "SET"},
    {"reset", StatementKind::kReset, "RESET"},
    {"show", StatementKind::kShow, "SHOW"},
    {"deallocate", StatementKind::kDeallocate, "DEALLOCATE"},
    {"discard", StatementKind::kDiscard, "DISCARD ALL"},
    {"close", StatementKind::kNothing, "CLOSE CURSOR"},
    {"listen", StatementKind::kNothing, "LISTEN"},
    {"unlisten", StatementKind::kNothing, "UNLISTEN"},
    {"copy", StatementKind::kUnsupported, "COPY"},
    {"declare", StatementKind::kUnsupported, "DECLARE"},
    {"fetch", StatementKind::kUnsupported, "FETCH"},
    {"move", StatementKind::kUnsupported, "MOVE"},
    {"prepare", StatementKind::kUnsupported, "PREPARE"},
    {"execute", StatementKind::kUnsupported, "EXECUTE"},
    {"call", StatementKind::kUnsupported, "CALL"},
    {"do", StatementKind::kUnsupported, "DO"},
    {"insert", StatementKind::kWrite, "INSERT"},
    {"update", StatementKind::kWrite, "UPDATE"},
    {"delete", StatementKind::kWrite, "DELETE"},
    {"merge", StatementKind::kWrite, "MERGE"},
    {"truncate", StatementKind::kWrite, "TRUNCATE"},
    {"create", StatementKind::kWrite, "CREATE"},
    {"alter", StatementKind::kWrite, "ALTER"},
    {"drop", StatementKind::kWrite, "DROP"},
    {"grant", StatementKind::kWrite, "GRANT"},
    {"revoke", StatementKind::kWrite, "REVOKE"},
    {"comment", StatementKind::kWrite, "COMMENT"},
    {"vacuum", StatementKind::kWrite, "VACUUM"},
    {"analyze", StatementKind::kWrite, "ANALYZE"},
    {"reindex", StatementKind::kWrite, "REINDEX"},
    {"lock", StatementKind::kWrite, "LOCK"},
};

/// Types of PostgreSQL that are numbers or texts here.
constexpr std::string_view kReferences[] = {"regclass", "regtype",     "regproc", "regprocedure",
                                            "regoper",  "regoperator", "regrole", "regnamespace",
                                            "oid",      "name",        "xid",     "regcollation"};

/// Copies a statement and leaves out or replaces some of its tokens.
class Rewriting {
 public:
  explicit Rewriting(std::string_view sql) : sql_(sql), words_(sql) {}

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

std::vector<Token> tokens_of(std::string_view sql) {
  std::vector<Token> tokens;
  Lexer lexer(sql);
  while (auto token = lexer.next()) tokens.push_back(*token);
  return tokens;
}

std::vector<std::string_view> split_statements(std::string_view sql, std::size_t most) {
  std::vector<std::string_view> statements;
  std::size_t begin = kNpos, end = 0;
  const auto add = [&] {
    if (begin != kNpos) statements.push_back(sql.substr(begin, end - begin));
    begin = kNpos;
  };
  // Token by token: a list of them would be many times as long as the text.
  Lexer lexer(sql);
  while (statements.size() < most) {
    const auto token = lexer.next();
    if (!token) {
      add();
      break;
    }
    if (token->kind == TokenKind::kSymbol && token->text == ";") {
      add();
      continue;
    }
    if (begin == kNpos) begin = token->begin;
    end = token->begin + token->text.size();
  }
  return statements;
}

StatementPlan plan_of(std::string_view sql) {
  const Words words(sql, kTellingWords);
  if (words.size() == 0) return {};
  std::size_t first = 0;
  while (words.is(first, "(")) ++first;
  const std::string word = ascii_lower(words[first].text);
  const auto verb = std::find_if(std::begin(kVerbs), std::end(kVerbs),
                                 [&](const Verb& each) { return each.word == word; });
  // Whatever else it may be, the parser has a better message for it.
  if (verb == std::end(kVerbs)) return {StatementKind::kQuery, "SELECT"};
  if (first > 0 && verb->kind != StatementKind::kQuery) return {StatementKind::kQuery, "SELECT"};
  StatementPlan plan{verb->kind, std::string(verb->tag)};
  switch (verb->kind) {
    case StatementKind::kSet:
      return plan_of_set(words);
    case StatementKind::kShow:
      return plan_of_show(words);
    case StatementKind::kReset:
      plan.name = words.is(1, "all") ? std::string() : words.name(1);
      return plan;
    case StatementKind::kDeallocate: {
      const std::size_t at = words.is(1, "prepare") ? 2 : 1;
      plan.name = words.is(at, "all") ? std::string() : words.name(at);
      return plan;
    }
    case StatementKind::kRollback: {
      const std::size_t at = words.is(1, "work") || words.is(1, "transaction") ? 2 : 1;
      if (words.is(at, "to")) plan.kind = StatementKind::kRollbackTo;
      return plan;
    }
    case StatementKind::kEmpty:
    case StatementKind::kQuery:
    case StatementKind::kBegin:
    case StatementKind::kCommit:
    case StatementKind::kSavepoint:
    case StatementKind::kRollbackTo:
    case StatementKind::kDiscard:
    case StatementKind::kNothing:
    case StatementKind::kWrite:
    case StatementKind::kUnsupported:
      return plan;
  }
  return plan;
}

std::string without_catalog_names(std::string_view sql) { return Rewriting(sql).run(); }

}  // namespace restate::query::pg
