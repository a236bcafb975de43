#include "runtime/text_logger.h"

#include <nlohmann/json.hpp>

#include "support/catch.h"

using restate::LogFilter, restate::LogLevel, restate::TextLogger;

namespace {

struct Lines {
  TextLogger logger(TextLogger::Format format, bool colors = false) {
    return TextLogger(
        {.filter = LogFilter(LogLevel::kInfo), .format = format, .colors = colors},
        [] { return std::uint64_t{1767323045678001}; },
        [this](LogLevel level, std::string_view line) {
          last = level;
          text.append(line);
        });
  }
  LogLevel last = LogLevel::kTrace;
  std::string text;
};

}  // namespace

TEST_CASE("compact is one line", "[runtime][log]") {
  Lines lines;
  auto logger = lines.logger(TextLogger::Format::kCompact);
  logger.warn("uv", "a turn took long", {{"shard", 1}, {"name", "a\nb\x1b[0m"}});
  CHECK(lines.text ==
        "2026-01-02T03:04:05.678001Z WARN restate::uv: a turn took long shard=1 name=a\\nb?[0m\n");
  CHECK(lines.last == LogLevel::kWarn);
  logger.debug("uv", "not this one");
  CHECK(lines.last == LogLevel::kWarn);
}

TEST_CASE("pretty takes a line for each field", "[runtime][log]") {
  Lines lines;
  lines.logger(TextLogger::Format::kPretty).info("node", "ready", {{"port", 8080}});
  CHECK(lines.text ==
        "2026-01-02T03:04:05.678001Z INFO restate::node\n"
        "  ready\n"
        "    port: 8080\n");
}

TEST_CASE("colors only where asked for", "[runtime][log]") {
  Lines lines;
  lines.logger(TextLogger::Format::kCompact, true).error("node", "bad");
  CHECK(lines.text.find("\x1b[31mERROR\x1b[0m") != std::string::npos);
}

TEST_CASE("json is what a machine reads", "[runtime][log]") {
  Lines lines;
  lines.logger(TextLogger::Format::kJson, true)
      .error("node", "say \"hi\"\n", {{"bytes", "\xff\x01"}, {"count", 3}});
  REQUIRE(lines.text.ends_with("}\n"));
  CHECK(lines.text.find('\n') == lines.text.size() - 1);
  const auto entry = nlohmann::json::parse(lines.text);
  CHECK(entry["timestamp"] == "2026-01-02T03:04:05.678001Z");
  CHECK(entry["level"] == "ERROR");
  CHECK(entry["target"] == "restate::node");
  CHECK(entry["fields"]["message"] == "say \"hi\"\n");
  CHECK(entry["fields"]["count"] == "3");
  CHECK(entry["fields"]["bytes"] == "\xEF\xBF\xBD\x01");
}
