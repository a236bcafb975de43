#pragma once

/// \file
/// Tokens that clients show: `authorization: Bearer <token>`.

#include "http/server.h"

#include <restate/function.h>

#include <string>
#include <string_view>

namespace restate::http {

/// True if the request shows `token`, or if there is none to show.
bool shows_token(const Headers& headers, std::string_view token);

/// What goes with every 401.
Header challenge();

/// Stands before a handler and turns away, before the body is read, who does not show the token.
class BearerGuard final : public ServerHandler {
 public:
  struct Options {
    /// True for requests that need no token; empty: all need it.
    Function<bool(const RequestHead&)> is_open;
    /// The body of the refusal, which depends on the API.
    std::string body;
    std::string body_type;
  };

  /// `next` outlives the guard. An empty token lets everybody in.
  BearerGuard(std::string token, Options options, ServerHandler& next)
      : token_(std::move(token)), options_(std::move(options)), next_(next) {}

  /// From the next request on.
  void set_token(std::string token) { token_ = std::move(token); }

  std::unique_ptr<ServerRequest> on_request(RequestHead head, ServerStream& stream) override;

 private:
  std::string token_;
  Options options_;
  ServerHandler& next_;
};

}  // namespace restate::http
