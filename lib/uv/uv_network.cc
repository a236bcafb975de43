#include "uv/uv_network.h"

#include "uv/uv_shard.h"

namespace restate::uv {
namespace {

class UvNetwork final : public Network {
 public:
  explicit UvNetwork(UvShard& shard) : shard_(shard) {}

  Result<std::unique_ptr<Listener>> listen(
      const Address& address, Function<void(std::unique_ptr<Stream>)> on_accept) override {
    if (shard_.closed()) return Error{Code::kShutdown, "the shard is closed"};
    return address.is_unix() ? listen_unix(shard_, address, std::move(on_accept))
                             : listen_tcp(shard_, address, std::move(on_accept));
  }
  std::unique_ptr<Connecting> connect(
      const Address& address, Duration timeout,
      Function<void(Result<std::unique_ptr<Stream>>)> done) override {
    return uv::connect(shard_, address, timeout, std::move(done));
  }

 private:
  UvShard& shard_;
};

}  // namespace

std::unique_ptr<Network> make_network(UvShard& shard) { return std::make_unique<UvNetwork>(shard); }

Error uv_error(Code code, std::string_view what, int status) {
  return {code, std::string(what) + ": " + uv_strerror(status)};
}

bool literal_address(const Address& address, sockaddr_storage& out) {
  out = {};
  std::string host = address.host;
  if (host.empty()) host = "0.0.0.0";
  if (host == "localhost") host = "127.0.0.1";
  if (uv_ip4_addr(host.c_str(), address.port, reinterpret_cast<sockaddr_in*>(&out)) == 0) {
    return true;
  }
  return uv_ip6_addr(host.c_str(), address.port, reinterpret_cast<sockaddr_in6*>(&out)) == 0;
}

}  // namespace restate::uv
