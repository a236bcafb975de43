#include "http/buffered_handler.h"
#include "http/client.h"
#include "http/server.h"

#include <restate/uv/runtime.h>

#include "support/catch.h"

#include <atomic>
#include <future>
#include <memory>
#include <vector>

// The same drivers on real sockets: two shards, one for each side.

using namespace restate;
using namespace restate::http;

namespace {

/// Sends the next request when the last one is answered, and counts.
class Caller final : public ClientExchange {
 public:
  Caller(Client& client, Target target, int rounds, std::function<void()> done)
      : client_(client), target_(std::move(target)), left_(rounds), done_(std::move(done)) {
    next();
  }
  void on_head(const ResponseHead& head) override { good_ = head.status == 200; }
  void on_data(Bytes data) override { body_ += data.view(); }
  void on_end() override {
    if (!good_ || body_ != sent_) return on_error({});
    if (--left_ > 0) return next();
    stream_.reset();
    done_();
  }
  void on_error(const Failure&) override {
    failed = true;
    done_();
  }
  bool failed = false;

 private:
  void next() {
    body_.clear();
    sent_ = std::string(static_cast<std::size_t>(left_ % 7 == 0 ? 200'000 : 10), 'a');
    RequestHead head;
    head.method = "POST";
    stream_ = client_.start(target_, std::move(head), *this);
    stream_->write(Bytes(sent_));
    stream_->finish();
  }

  Client& client_;
  Target target_;
  int left_;
  std::function<void()> done_;
  std::unique_ptr<ClientStream> stream_;
  std::string body_;
  std::string sent_;
  bool good_ = false;
};

}  // namespace

TEST_CASE("real sockets carry what simulated ones do", "[http][uv]") {
  const Protocol protocol = GENERATE(Protocol::kHttp1, Protocol::kHttp2);
  uv::Runtime runtime{{.shards = 2}};
  BufferedHandler handler(kMaxBodyBytes, [](RequestHead, Bytes body, Responder responder) {
    responder.respond(200, "text/plain", std::move(body));
  });
  std::unique_ptr<Server> server;
  std::unique_ptr<Client> client;
  std::vector<std::unique_ptr<Caller>> callers;
  std::promise<void> all_done;
  std::size_t done = 0;
  Address address;
  constexpr std::size_t kCallers = 20;

  runtime.run_on(0, [&] {
    server = std::make_unique<Server>(runtime.shard(0), ServerOptions{}, handler);
    address = server->listen({.host = "127.0.0.1", .port = 0, .unix_path = {}}).value();
  });
  runtime.run_on(1, [&] {
    client = std::make_unique<Client>(runtime.shard(1), ClientOptions{});
    const Target target{
        .tls = false, .host = "127.0.0.1", .port = address.port, .protocol = protocol};
    for (std::size_t i = 0; i < kCallers; ++i) {
      callers.push_back(std::make_unique<Caller>(*client, target, 50, [&] {
        if (++done == kCallers) all_done.set_value();
      }));
    }
  });
  CHECK(all_done.get_future().wait_for(std::chrono::seconds(60)) == std::future_status::ready);
  for (const auto& caller : callers) CHECK_FALSE(caller->failed);
  runtime.begin_shutdown();
  runtime.run_on(1, [&] {
    callers.clear();
    client.reset();
  });
  runtime.run_on(0, [&] { server.reset(); });
  runtime.stop();
}
