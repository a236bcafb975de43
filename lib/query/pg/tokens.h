#pragma once

/// \file
/// SQL in pieces: as much of its spelling as it takes to see where a statement ends and which words are
/// in it.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace restate::query::pg {

enum class TokenKind : std::uint8_t {
  kWord,       ///< a keyword or a name
  kQuoted,     ///< `"name"`
  kString,     ///< `'text'`, `E'text'`, `$tag$text$tag$`
  kParameter,  ///< `$1`
  kNumber,
  kSymbol,  ///< one character
};

struct Token {
  TokenKind kind;
  std::size_t begin = 0;
  std::string_view text;
};

/// Reads one token after the other, without comments and white space. What is not closed goes to the
/// end.
class Lexer {
 public:
  explicit Lexer(std::string_view sql) : sql_(sql) {}

  std::optional<Token> next();

 private:
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0';
  }
  void skip();
  void skip_comment();
  TokenKind take();
  TokenKind quoted(char quote, bool backslashes, TokenKind kind);
  bool dollar_quoted();

  std::string_view sql_;
  std::size_t at_ = 0;
};

/// The tokens of one statement, or the first of them, by place; behind the last one they are empty. The
/// text outlives them.
class Words {
 public:
  explicit Words(std::string_view sql, std::size_t most = SIZE_MAX);

  std::size_t size() const { return tokens_.size(); }
  const Token& operator[](std::size_t i) const { return i < tokens_.size() ? tokens_[i] : none_; }
  /// True for a word, in any case, or for a symbol.
  bool is(std::size_t i, std::string_view text) const;
  bool is_name(std::size_t i) const {
    return (*this)[i].kind == TokenKind::kWord || (*this)[i].kind == TokenKind::kQuoted;
  }
  /// A name as it is meant: in lower case, unless it stands in quotes.
  std::string name(std::size_t i) const;
  /// The text from token `i` on, without the quotes of a single one.
  std::string rest(std::size_t i) const;

 private:
  std::string_view sql_;
  std::vector<Token> tokens_;
  bool cut_ = false;  ///< there are more
  Token none_{TokenKind::kSymbol, 0, {}};
};

/// The statements of a text, without what separates them; empty ones are left out. At most `most`.
std::vector<std::string_view> split_statements(std::string_view sql, std::size_t most = SIZE_MAX);

}  // namespace restate::query::pg
