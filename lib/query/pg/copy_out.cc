#include "query/pg/copy_out.h"

#include "common/ascii.h"
#include "query/pg/message.h"
#include "query/pg/tokens.h"

#include <cstdint>

namespace restate::query::pg {
namespace {

constexpr std::size_t kMessageHeadBytes = 5;

/// Reads the statement token by token: a list of them would be many times as long as the text.
class Reader {
 public:
  explicit Reader(std::string_view sql) : sql_(sql), lexer_(sql) { step(); }

  std::optional<CopyOut> read() {
    CopyOut copy;
    if (!take("copy")) return std::nullopt;
    const std::optional<std::string> source = is("(") ? query() : table();
    if (!source || !take("to") || !take("stdout")) return std::nullopt;
    copy.query = *source;
    take("with");
    const bool listed = take("(");
    std::optional<char> delimiter;
    std::optional<std::string> null;
    while (at_ && !is(")")) {
      if (!option(listed, copy.format, delimiter, null)) return std::nullopt;
      take(",");
    }
    if (listed && !take(")")) return std::nullopt;
    if (at_) return std::nullopt;
    if (copy.format.csv) {
      copy.format.delimiter = ',';
      copy.format.null.clear();
    }
    if (delimiter) copy.format.delimiter = *delimiter;
    if (null) copy.format.null = *null;
    return copy;
  }

 private:
  void step() { at_ = lexer_.next(); }
  bool is(std::string_view text) const {
    if (!at_ || at_->text.size() != text.size()) return false;
    const bool spelled = at_->kind == TokenKind::kWord || at_->kind == TokenKind::kSymbol;
    return spelled && ascii_lower(at_->text) == text;
  }
  bool take(std::string_view text) {
    if (!is(text)) return false;
    step();
    return true;
  }

  /// What is between parentheses, which may have others in it; the first one is at hand.
  std::optional<std::string> query() {
    const std::size_t begin = at_->begin + 1;
    for (std::size_t depth = 0; at_; step()) {
      if (is("(")) ++depth;
      if (is(")") && --depth == 0) {
        std::string found(sql_.substr(begin, at_->begin - begin));
        step();
        return found;
      }
    }
    return std::nullopt;
  }

  /// `t`, `s.t`, `t (a, b)`
  std::optional<std::string> table() {
    std::string name, columns = "*";
    while (at_ && !is("(") && !is("to")) {
      if (is("from")) return std::nullopt;
      name += at_->text;
      step();
    }
    if (is("(")) {
      const auto listed = query();
      if (!listed) return std::nullopt;
      columns = *listed;
    }
    return "SELECT " + columns + " FROM " + name;
  }

  /// One option; false: it is none that is offered.
  bool option(bool listed, CopyFormat& format, std::optional<char>& delimiter,
              std::optional<std::string>& null) {
    if (take("format")) {
      format.csv = is("csv");
      return take("csv") || take("text");
    }
    if (!listed && take("csv")) {
      format.csv = true;
      return true;
    }
    if (take("header")) {
      format.header = !(take("false") || take("off"));
      if (format.header && !take("true")) take("on");
      return true;
    }
    const bool separates = is("delimiter");
    if (!separates && !is("null")) return false;
    step();
    take("as");
    if (!at_ || at_->kind != TokenKind::kString || at_->text.size() < 2 || at_->text[0] != '\'') {
      return false;
    }
    const std::string text(at_->text.substr(1, at_->text.size() - 2));
    step();
    if (!separates) {
      null = text;
      return true;
    }
    if (text.size() != 1) return false;
    delimiter = text[0];
    return true;
  }

  std::string_view sql_;
  Lexer lexer_;
  std::optional<Token> at_;
};

void append_escaped(std::string& out, std::string_view value, char delimiter) {
  for (const char c : value) {
    const std::size_t named = std::string_view("\b\f\n\r\t\v").find(c);
    if (named != std::string_view::npos) {
      out += '\\';
      out += "bfnrtv"[named];
      continue;
    }
    if (c == '\\' || c == delimiter) out += '\\';
    out += c;
  }
}

void append_quoted(std::string& out, std::string_view value, const CopyFormat& format) {
  const bool plain = value != format.null && value != "\\." &&
                     value.find_first_of("\"\r\n") == std::string_view::npos &&
                     value.find(format.delimiter) == std::string_view::npos;
  if (plain) {
    out += value;
    return;
  }
  out += '"';
  for (const char c : value) {
    if (c == '"') out += c;
    out += c;
  }
  out += '"';
}

void append_value(std::string& out, std::string_view value, const CopyFormat& format) {
  if (format.csv) {
    append_quoted(out, value, format);
  } else {
    append_escaped(out, value, format.delimiter);
  }
}

}  // namespace

std::optional<CopyOut> copy_out_of(std::string_view sql) { return Reader(sql).read(); }

void append_copy_line(std::string& out, std::string_view row, const CopyFormat& format) {
  FieldReader fields(row.substr(kMessageHeadBytes));
  const std::uint16_t count = fields.u16();
  for (std::uint16_t i = 0; i < count && fields.ok(); ++i) {
    if (i > 0) out += format.delimiter;
    const std::uint32_t size = fields.u32();
    if (size == UINT32_MAX) {
      out += format.null;
    } else {
      append_value(out, fields.raw(size), format);
    }
  }
  out += '\n';
}

void append_copy_header(std::string& out, std::string_view description, const CopyFormat& format) {
  constexpr std::size_t kBehindName = 18;
  FieldReader fields(description.substr(kMessageHeadBytes));
  const std::uint16_t count = fields.u16();
  for (std::uint16_t i = 0; i < count && fields.ok(); ++i) {
    if (i > 0) out += format.delimiter;
    append_value(out, fields.text(), format);
    fields.raw(kBehindName);
  }
  out += '\n';
}

}  // namespace restate::query::pg
