#include "runtime/text_logger.h"

#include "common/time_text.h"
#include "common/utf8.h"

#include <string>

namespace restate {
namespace {

constexpr std::string_view kDim = "\x1b[2m", kBold = "\x1b[1m", kPlain = "\x1b[0m";

std::string_view color_of(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace:
      return "\x1b[35m";
    case LogLevel::kDebug:
      return "\x1b[34m";
    case LogLevel::kInfo:
      return "\x1b[32m";
    case LogLevel::kWarn:
      return "\x1b[33m";
    case LogLevel::kError:
      return "\x1b[31m";
  }
  RESTATE_UNREACHABLE();
}

/// `2026-01-02T03:04:05.678901Z`
std::string timestamp(std::uint64_t us) {
  std::string text = rfc3339_nanos(WallTime{us / 1000});
  std::string micros = std::to_string(us % 1000);
  text.resize(text.size() - 7);  // the digits below a millisecond, and the Z
  return text.append(3 - micros.size(), '0').append(micros).append("Z");
}

/// User text in a log line must neither begin a new line nor reach the terminal as a command.
void append_printable(std::string& out, std::string_view text) {
  for (const char c : utf8_lossy(text)) {
    if (c == '\n') {
      out.append("\\n");
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out.push_back('?');
    } else {
      out.push_back(c);
    }
  }
}

class Painter {
 public:
  Painter(std::string& out, bool colors) : out_(out), colors_(colors) {}
  void paint(std::string_view color, std::string_view text) {
    if (colors_) out_.append(color);
    append_printable(out_, text);
    if (colors_) out_.append(kPlain);
  }

 private:
  std::string& out_;
  bool colors_;
};

}  // namespace

TextLogger::TextLogger(Options options, Clock clock, Sink sink)
    : options_(std::move(options)),
      filter_(&options_.filter),
      clock_(std::move(clock)),
      sink_(std::move(sink)) {}

void TextLogger::set_filter(LogFilter filter) {
  filters_.push_back(std::make_unique<const LogFilter>(std::move(filter)));
  filter_.store(filters_.back().get());
}

void TextLogger::write(LogLevel level, std::string_view module, std::string_view message,
                       std::initializer_list<LogField> fields) {
  if (!filter_.load()->allows(level, module)) return;
  const std::string target = "restate::" + std::string(module);
  const std::string time = timestamp(clock_());
  std::string out;
  Painter painter(out, options_.colors);
  switch (options_.format) {
    case Format::kPretty:
      painter.paint(kDim, time);
      out.push_back(' ');
      painter.paint(color_of(level), to_string(level));
      out.append(" ").append(target).append("\n");
      out.append("  ");
      painter.paint(kBold, message);
      out.push_back('\n');
      for (const LogField& field : fields) {
        out.append("    ");
        painter.paint(kDim, field.key);
        out.append(": ");
        append_printable(out, field.value);
        out.push_back('\n');
      }
      break;
    case Format::kCompact:
      painter.paint(kDim, time);
      out.push_back(' ');
      painter.paint(color_of(level), to_string(level));
      out.append(" ").append(target).append(": ");
      append_printable(out, message);
      for (const LogField& field : fields) {
        out.push_back(' ');
        painter.paint(kDim, field.key);
        out.push_back('=');
        append_printable(out, field.value);
      }
      out.push_back('\n');
      break;
    case Format::kJson:
      out.append(R"({"timestamp":)");
      append_json_string(out, time);
      out.append(R"(,"level":)");
      append_json_string(out, to_string(level));
      out.append(R"(,"fields":{"message":)");
      append_json_string(out, message);
      for (const LogField& field : fields) {
        out.push_back(',');
        append_json_string(out, field.key);
        out.push_back(':');
        append_json_string(out, field.value);
      }
      out.append(R"(},"target":)");
      append_json_string(out, target);
      out.append("}\n");
      break;
  }
  sink_(level, out);
}

}  // namespace restate
