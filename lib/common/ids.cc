#include <restate/ids.h>

#include "common/base62.h"
#include "common/base64.h"

#include <restate/assert.h>

#include <cstring>

namespace restate {
namespace {

std::uint64_t read_big_endian(std::string_view raw) {
  std::uint64_t value = 0;
  for (const char c : raw.substr(0, 8)) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

void append_big_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(value >> shift));
  }
}

Error bad_id(const char* why) { return {Code::kInvalidArgument, why}; }

/// Strips `<prefix>_1` and returns the payload.
Result<std::string_view> payload_of(std::string_view text, std::string_view prefix) {
  if (text.empty()) return bad_id("bad length");
  const std::size_t separator = text.find('_');
  if (separator == std::string_view::npos) return bad_id("bad format");
  const std::string_view found = text.substr(0, separator);
  if (found != prefix) {
    for (const std::string_view known : {"inv", "dp", "sub", "snap", "mut", "vq", "sign", "prom"}) {
      if (found == known) return bad_id("id doesn't match the expected type");
    }
    return Error{Code::kInvalidArgument, "unrecognized resource type: " + std::string(found)};
  }
  std::string_view payload = text.substr(separator + 1);
  if (payload.empty()) return bad_id("bad length");
  if (payload.front() != '1') return bad_id("unrecognized codec version");
  payload.remove_prefix(1);
  return payload;
}

}  // namespace

KeyRange partition_range(std::uint32_t index, std::uint32_t count) {
  __extension__ using Wide = unsigned __int128;
  const Wide space = static_cast<Wide>(1) << 64;
  const auto start = [&](std::uint32_t i) { return (space * i + count - 1) / count; };
  return {static_cast<std::uint64_t>(start(index)),
          static_cast<std::uint64_t>(start(index + 1) - 1)};
}

std::string GenerationalNodeId::str() const {
  return "N" + std::to_string(node.value) + ":" + std::to_string(generation);
}

Uuid Uuid::from(std::string_view raw16) {
  RESTATE_ASSERT(raw16.size() == 16, "a uuid has 16 bytes");
  Uuid uuid;
  std::memcpy(uuid.bytes.data(), raw16.data(), 16);
  return uuid;
}

std::uint64_t Uuid::high() const { return read_big_endian(view()); }
std::uint64_t Uuid::low() const { return read_big_endian(view().substr(8)); }

std::array<std::uint8_t, 24> InvocationId::bytes() const {
  std::array<std::uint8_t, 24> raw{};
  for (int i = 0; i < 8; ++i) raw[i] = static_cast<std::uint8_t>(key.value >> (56 - 8 * i));
  std::memcpy(raw.data() + 8, uuid.bytes.data(), 16);
  return raw;
}

InvocationId InvocationId::from_bytes(std::string_view raw24) {
  RESTATE_ASSERT(raw24.size() == 24, "an invocation id has 24 bytes");
  return {{read_big_endian(raw24)}, Uuid::from(raw24.substr(8))};
}

std::string InvocationId::str() const {
  const auto raw = bytes();
  const std::string_view view(reinterpret_cast<const char*>(raw.data()), raw.size());
  std::string text = "inv_1";
  base62::append(text, view.substr(0, 8));
  base62::append(text, view.substr(8));
  return text;
}

Result<InvocationId> InvocationId::parse(std::string_view text) {
  RESTATE_TRY(const auto payload, payload_of(text, "inv"));
  if (payload.size() != base62::kDigits64 + base62::kDigits128) return bad_id("bad length");
  RESTATE_TRY(const auto key, base62::decode(payload.substr(0, base62::kDigits64)));
  RESTATE_TRY(const auto uuid, base62::decode(payload.substr(base62::kDigits64)));
  return InvocationId{{read_big_endian(key)}, Uuid::from(uuid)};
}

std::string DeploymentId::str() const {
  std::string text = "dp_1";
  base62::append(text, ulid.view());
  return text;
}

Result<DeploymentId> DeploymentId::parse(std::string_view text) {
  RESTATE_TRY(const auto payload, payload_of(text, "dp"));
  if (payload.size() != base62::kDigits128) return bad_id("bad length");
  RESTATE_TRY(const auto ulid, base62::decode(payload));
  return DeploymentId{Uuid::from(ulid)};
}

std::string AwakeableId::str() const {
  const auto raw = invocation.bytes();
  std::string bytes(reinterpret_cast<const char*>(raw.data()), raw.size());
  append_big_endian(bytes, signal, 4);
  return "sign_1" + base64::encode_url(bytes);
}

Result<AwakeableId> AwakeableId::parse(std::string_view text) {
  RESTATE_TRY(const auto payload, payload_of(text, "sign"));
  const Result<std::string> decoded = base64::decode(payload);
  // The reason that clients know from all other ids.
  if (!decoded) return bad_id("base62 decode error");
  const std::string& raw = *decoded;
  if (raw.size() != 28) return bad_id("bad length");
  const std::string_view view(raw);
  std::uint32_t signal = 0;
  for (const char c : view.substr(24)) signal = signal << 8 | static_cast<unsigned char>(c);
  return AwakeableId{InvocationId::from_bytes(view.substr(0, 24)), signal};
}

std::size_t IdHash::operator()(const InvocationId& id) const {
  return static_cast<std::size_t>(id.key.value * 0x9e3779b97f4a7c15 ^ id.uuid.low());
}

}  // namespace restate
