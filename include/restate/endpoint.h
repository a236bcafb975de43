#pragma once

/// \file
/// Services behind an address of their own: what runs inside an engine (`Engine::serve`) also runs
/// in a process of its own, behind any compatible server. Register the address there.

#include <restate/result.h>
#include <restate/runtime.h>
#include <restate/service.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#pragma GCC visibility push(default)

namespace restate {

/// How an endpoint is made.
struct EndpointOptions {
  /// Handlers that run at once; others wait, and idle ones make room.
  std::uint32_t handler_threads = 64;
  /// Whose requests are answered: the public keys (`publickeyv1_...`) that servers print when a key
  /// for request identity is configured there. Everybody else gets status 401. Empty: all are
  /// answered, so the address must be out of reach for strangers.
  std::vector<std::string> identity_keys = {};
  /// Versions of the service protocol to offer, from 5 to 7. The server picks one when an invocation
  /// begins, and keeps it.
  std::uint16_t min_protocol = 5,  ///< the lowest
      max_protocol = 7;            ///< the highest
};

/// Lives on a shard: made, called and destroyed there. Speaks HTTP/2 and HTTP/1.1 on one port.
///
///     uv::Runtime runtime{{}};
///     std::unique_ptr<Endpoint> endpoint;
///     runtime.run_on(0, [&] {
///       endpoint = std::make_unique<Endpoint>(runtime.shard(0));
///       endpoint->serve(Service("Greeter").handler("greet", greet));
///       endpoint->listen({"0.0.0.0", 9080});
///     });
///     runtime.run();
class Endpoint {
 public:
  /// Options that cannot be met are told by `serve` and `listen`.
  explicit Endpoint(Shard& shard, EndpointOptions options = {});
  /// Drops all connections; waits for handlers that are busy outside of their context.
  ~Endpoint();
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  /// Adds a service; requests that run keep what they began with.
  /// - `kInvalidArgument`: a name that is none, a handler of the wrong kind; wrong options.
  /// - `kAlreadyExists`: the name is taken.
  Result<void> serve(ServiceDefinition service);

  /// Returns the address in use: a port of 0 is chosen by the system.
  /// - `kAlreadyExists`: the address is taken. `kInvalidArgument`: wrong options.
  Result<Address> listen(const Address& address);
  /// Serves a connection that came by another way.
  void accept(std::unique_ptr<Stream> stream);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace restate

#pragma GCC visibility pop
