#include "query/pg/tokens.h"

#include "common/ascii.h"

#include <algorithm>

namespace restate::query::pg {
namespace {

constexpr std::size_t kNpos = std::string_view::npos;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool begins_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool in_word(char c) { return begins_word(c) || is_digit(c) || c == '$'; }

}  // namespace

std::optional<Token> Lexer::next() {
  skip();
  if (at_ >= sql_.size()) return std::nullopt;
  const std::size_t begin = at_;
  const TokenKind kind = take();
  return Token{kind, begin, sql_.substr(begin, at_ - begin)};
}

void Lexer::skip() {
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

void Lexer::skip_comment() {
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

TokenKind Lexer::take() {
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

TokenKind Lexer::quoted(char quote, bool backslashes, TokenKind kind) {
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

bool Lexer::dollar_quoted() {
  std::size_t end = at_ + 1;
  while (end < sql_.size() && in_word(sql_[end]) && sql_[end] != '$') ++end;
  if (end >= sql_.size() || sql_[end] != '$') return false;
  const std::string_view tag = sql_.substr(at_, end - at_ + 1);
  const std::size_t close = sql_.find(tag, end + 1);
  at_ = close == kNpos ? sql_.size() : close + tag.size();
  return true;
}

Words::Words(std::string_view sql, std::size_t most) : sql_(sql) {
  Lexer lexer(sql);
  while (auto token = lexer.next()) {
    if (tokens_.size() == most) {
      cut_ = true;
      break;
    }
    tokens_.push_back(*token);
  }
}

bool Words::is(std::size_t i, std::string_view text) const {
  if (i >= tokens_.size() || tokens_[i].text.size() != text.size()) return false;
  if (tokens_[i].kind == TokenKind::kSymbol) return tokens_[i].text == text;
  return tokens_[i].kind == TokenKind::kWord && ascii_lower(tokens_[i].text) == text;
}

std::string Words::name(std::size_t i) const {
  const Token& token = (*this)[i];
  if (token.kind != TokenKind::kQuoted || token.text.size() < 2) return ascii_lower(token.text);
  return std::string(token.text.substr(1, token.text.size() - 2));
}

std::string Words::rest(std::size_t i) const {
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

}  // namespace restate::query::pg
