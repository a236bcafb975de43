#pragma once

/// \file
/// One request at the admin API, from its head to its answer, and the shapes that answers have:
/// JSON, nothing, an error of a handler (JSON), or of the parsing before it (text).

#include "http/buffered_handler.h"
#include "http/message.h"
#include "schema/json.h"
#include "schema/registry.h"

#include <restate/bytes.h>
#include <restate/ids.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace restate::admin {

using schema::Json;

/// The version of the API that a path names; without one, the newest.
enum class ApiVersion { kV2 = 2, kV3 = 3, kV4 = 4 };

/// The body of an error of a handler. `code` may be empty.
Json error_body(std::string_view code, std::string_view message);

/// Moved along until it is answered; dropping it unanswered resets the stream.
class Call {
 public:
  Call(const http::RequestHead& head, Bytes body, http::Responder responder);

  const std::string& method() const { return method_; }
  const std::string& path() const { return path_; }
  std::string_view query() const { return query_; }
  const std::string& body_type() const { return body_type_; }
  const std::string& accept() const { return accept_; }
  /// The client takes answers in gzip.
  bool accepts_gzip() const { return accepts_gzip_; }
  const Bytes& body() const { return body_; }
  http::Responder& responder() { return responder_; }
  /// The tags of what the client has already; empty if it has nothing.
  const std::string& if_none_match() const { return if_none_match_; }

  /// Set by the router.
  ApiVersion version = ApiVersion::kV4;
  bool versioned = false;           ///< the path named it
  std::vector<std::string> params;  ///< the `{}` of the route's pattern

  /// Lives as long as this call.
  void hold(std::shared_ptr<void> what) { held_ = std::move(what); }

  void json(int status, const Json& body, http::Headers headers = {});
  void empty(int status, http::Headers headers = {});
  /// An error of a handler. `code` may be empty.
  void error(int status, std::string_view code, std::string_view message);
  void error(const schema::RegistryError& error) { this->error(error.status, error.code, error.message); }
  /// The request could not be understood before any handler saw it.
  void text(int status, std::string_view message);

  /// The body as JSON. Nothing: it is answered.
  std::optional<Json> read_json();
  /// A parameter of the query, decoded.
  std::optional<std::string> parameter(std::string_view name) const;
  /// A parameter that is `true` or `false`. Nothing: neither, and answered.
  std::optional<bool> flag(std::string_view name, bool otherwise);

 private:
  std::string method_, path_, query_, body_type_, accept_;
  bool accepts_gzip_ = false;
  Bytes body_;
  http::Responder responder_;
  std::string if_none_match_;
  std::shared_ptr<void> held_;
};

}  // namespace restate::admin
