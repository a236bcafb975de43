#pragma once

#include <restate/runtime.h>

#include <uv.h>

#include <memory>
#include <string>
#include <string_view>

namespace restate::uv {

class UvShard;

std::unique_ptr<Network> make_network(UvShard& shard);

/// `<what>: connection refused`
Error uv_error(Code code, std::string_view what, int status);

/// A literal v4 or v6 address; `localhost` and the empty host are v4 loopback and any.
/// False: a name, which has to be looked up.
bool literal_address(const Address& address, sockaddr_storage& out);

Result<std::unique_ptr<Listener>> listen_tcp(UvShard& shard, const Address& address,
                                             Function<void(std::unique_ptr<Stream>)> on_accept);
Result<std::unique_ptr<Listener>> listen_unix(UvShard& shard, const Address& address,
                                              Function<void(std::unique_ptr<Stream>)> on_accept);
std::unique_ptr<Connecting> connect(UvShard& shard, const Address& address, Duration timeout,
                                    Function<void(Result<std::unique_ptr<Stream>>)> done);

}  // namespace restate::uv
