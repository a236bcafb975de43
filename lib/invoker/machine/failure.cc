#include "invoker/machine/failure.h"

#include <cstdio>

namespace restate::invoker {

namespace {

void append_json_text(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          char escaped[7];
          std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(c));
          out += escaped;
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

void append_field(std::string& out, std::string_view name, std::string_view text) {
  out += ",\"";
  out += name;
  out += "\":";
  append_json_text(out, text);
}

/// The fields of an error, without the braces around them.
std::string error_fields(const AttemptError& error) {
  std::string out = "\"error_code\":" + std::to_string(error.code);
  append_field(out, "error_message", error.message);
  if (!error.stacktrace.empty()) append_field(out, "error_stacktrace", error.stacktrace);
  if (error.doc_code != DocCode::kNone) {
    append_field(out, "restate_doc_error_code", protocol::to_string(error.doc_code));
  }
  if (error.related_command_index) {
    out += ",\"related_command_index\":" + std::to_string(*error.related_command_index);
  }
  if (error.related_command_name) {
    append_field(out, "related_command_name", *error.related_command_name);
  }
  if (const auto type = related_type_name(error)) append_field(out, "related_command_type", *type);
  return out;
}

}  // namespace

wire::Failure failure_of(const AttemptError& error) { return {error.code, error.message, {}}; }

std::string code_text(std::uint32_t code) {
  std::string out = std::to_string(code);
  if (const std::string_view name = wire::code_name(code); !name.empty()) {
    out += ' ';
    out += name;
  }
  return out;
}

std::string describe(const AttemptError& error) {
  std::string out = "[" + code_text(error.code) + "] " + error.message;
  if (!error.stacktrace.empty()) out += "\n" + error.stacktrace;
  return out;
}

std::optional<std::string_view> related_type_name(const AttemptError& error) {
  if (!error.related_command_type || *error.related_command_type > 0xFFFF) return std::nullopt;
  switch (static_cast<wire::EntryType>(*error.related_command_type)) {
    case wire::EntryType::kRun:
      return "Run";
    case wire::EntryType::kCall:
      return "Call";
    case wire::EntryType::kOneWayCall:
      return "OneWayCall";
    case wire::EntryType::kCompleteAwakeable:
      return "CompleteAwakeable";
    case wire::EntryType::kSetState:
      return "SetState";
    case wire::EntryType::kGetLazyState:
    case wire::EntryType::kGetEagerState:
      return "GetState";
    case wire::EntryType::kGetLazyStateKeys:
    case wire::EntryType::kGetEagerStateKeys:
      return "GetStateKeys";
    default:
      return std::nullopt;  // the number comes from the endpoint and may be anything
  }
}

wire::JournalEvent transient_error_event(const AttemptError& error) {
  return {wire::JournalEvent::Type::kTransientError,
          Bytes("{\"ty\":\"TransientError\"," + error_fields(error) + "}")};
}

wire::JournalEvent paused_event(const AttemptError* last) {
  std::string json = "{\"ty\":\"Paused\"";
  if (last != nullptr) json += ",\"last_failure\":{" + error_fields(*last) + "}";
  return {wire::JournalEvent::Type::kPaused, Bytes(json + "}")};
}

bool same_event(const AttemptError& a, const AttemptError& b) {
  return a.code == b.code && a.message == b.message && a.doc_code == b.doc_code &&
         a.related_command_index == b.related_command_index &&
         a.related_command_name == b.related_command_name &&
         a.related_command_type == b.related_command_type;
}

}  // namespace restate::invoker
