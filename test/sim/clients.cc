#include "clients.h"

#include "engine.h"

namespace sim {

using namespace restate;
using namespace std::chrono_literals;

class Exchange final : private http::ClientExchange {
 public:
  using Done = Function<void(std::optional<std::pair<int, std::string>>)>;

  Exchange(Shard& shard, http::Client& client, const http::Target& target, http::RequestHead head,
           std::string body, Done done)
      : done_(std::move(done)), timeout_(shard.make_timer([this] { finish({}); })) {
    timeout_->arm(shard.now() + 20s);
    stream_ = client.start(target, std::move(head), *this);
    if (!body.empty()) stream_->write(Bytes(std::move(body)));
    stream_->finish();
  }

 private:
  void on_head(const http::ResponseHead& head) override { status_ = head.status; }
  void on_data(Bytes data) override { body_.append(data.view()); }
  void on_end() override { finish(std::pair(status_, body_)); }
  void on_error(const http::Failure&) override { finish({}); }

  void finish(std::optional<std::pair<int, std::string>> answer) {
    if (!done_) return;
    timeout_->cancel();
    auto done = std::move(done_);
    done_ = nullptr;
    done(std::move(answer));
  }

  Done done_;
  std::unique_ptr<Timer> timeout_;
  std::unique_ptr<http::ClientStream> stream_;
  int status_ = 0;
  std::string body_;
};

struct Clients::Client {
  std::uint32_t left = 0;
  std::string kind, key, path, body, idempotency, expected;
};

Clients::Clients(testing::World& world, testing::Node& node, std::string server, Options options)
    : world_(world),
      node_(node),
      shard_(node.shard(0)),
      server_(std::move(server)),
      options_(options),
      http_(std::make_unique<http::Client>(shard_, http::ClientOptions{})) {}

Clients::~Clients() {
  exchanges_.clear();
  http_.reset();
}

void Clients::request(std::uint16_t port, std::string method, std::string path,
                      http::Headers headers, std::string body, Answer answer) {
  const std::uint64_t id = next_exchange_++;
  http::RequestHead head;
  head.method = std::move(method);
  head.target = std::move(path);
  head.headers = std::move(headers);
  exchanges_[id] = std::make_unique<Exchange>(
      shard_, *http_, http::Target{false, server_, port, http::Protocol::kHttp1}, std::move(head),
      std::move(body),
      [this, id, answer = std::move(answer)](
          std::optional<std::pair<int, std::string>> result) mutable {
        // The exchange is inside its own callback: it goes when that is over.
        shard_.post(scope_.bind([this, id] { exchanges_.erase(id); }));
        answer(std::move(result));
      });
}

void Clients::retry_later(Function<void()> again) {
  world_.after(milliseconds(20 + shard_.random().below(80)), scope_.bind(std::move(again)));
}

void Clients::start(std::string deployment_uri) {
  request(Engine::kAdmin, "POST", "/deployments", {{"content-type", "application/json"}},
          "{\"uri\":\"" + deployment_uri + "\"}",
          [this, deployment_uri](const std::optional<std::pair<int, std::string>>& answer) {
            if (!answer || (answer->first != 200 && answer->first != 201)) {
              retry_later([this, deployment_uri] { start(deployment_uri); });
              return;
            }
            registered_ = true;
            left_ = options_.clients;
            for (std::uint32_t i = 0; i < options_.clients; ++i) {
              clients_.push_back(std::make_unique<Client>());
              clients_.back()->left = options_.operations;
              next(*clients_.back());
            }
          });
}

void Clients::next(Client& client) {
  if (client.left == 0) {
    --left_;
    return;
  }
  --client.left;
  const std::uint64_t serial = serial_++;
  client.key = "k" + std::to_string(shard_.random().below(options_.keys));
  client.idempotency = "op" + std::to_string(serial);
  client.body = "\"1\"";
  client.expected.clear();
  switch (shard_.random().below(8)) {
    case 0:
    case 1:
      client.kind = "add";
      client.path = "/Obj/" + client.key + "/add";
      break;
    case 2:
      client.kind = "add.send";
      client.path = "/Obj/" + client.key + "/add/send";
      if (shard_.random().below(2) == 0) client.path += "?delay=150ms";
      break;
    case 3:
      client.kind = "run";
      client.path = "/Bench/run";
      client.body = "\"3\"";
      client.expected = "3";
      break;
    case 4:
      client.kind = "call";
      client.path = "/Bench/call";
      client.body = "\"2\"";
      client.expected = "2";
      break;
    case 5:
      client.kind = "sleep";
      client.path = "/Bench/sleep";
      client.body = "\"" + std::to_string(20 + shard_.random().below(400)) + "\"";
      break;
    case 6:
      client.kind = "hold";
      client.path = "/Bench/hold";
      client.body = "\"" + std::to_string(20 + shard_.random().below(600)) + "\"";
      break;
    default:
      client.kind = "send";
      client.path = "/Bench/send";
      client.body = "\"2\"";
      client.expected = "2";
      break;
  }
  attempt(client);
}

void Clients::attempt(Client& client) {
  request(Engine::kIngress, "POST", client.path,
          {{"content-type", "application/json"}, {"idempotency-key", client.idempotency}},
          client.body,
          [this, &client](const std::optional<std::pair<int, std::string>>& answer) {
            on_answer(client, answer);
          });
}

void Clients::on_answer(Client& client, const std::optional<std::pair<int, std::string>>& answer) {
  const bool accepted = answer && (answer->first == 200 || answer->first == 202);
  if (!accepted) {
    if (answer && answer->first != 503 && answer->first != 429 && answer->first != 404) {
      problems_.push_back(client.path + " answers " + std::to_string(answer->first) + " " +
                          answer->second);
    }
    retry_later([this, &client] { attempt(client); });
    return;
  }
  if (!client.expected.empty() && answer->second != client.expected) {
    problems_.push_back(client.path + " returned " + answer->second + ", not " + client.expected);
  }
  if (client.kind == "add") ++adds_[client.key];
  if (client.kind == "add.send") ++sent_[client.key];
  ++done_[client.kind];
  next(client);
}

std::optional<std::string> Clients::check_counters() {
  for (std::uint32_t i = 0; i < options_.keys; ++i) {
    const std::string key = "k" + std::to_string(i);
    const std::string expected = std::to_string(adds_[key] + sent_[key]);
    std::string value;
    // One-way adds may still be on their way: wait for them, not for ever.
    for (int tries = 0; tries < 200 && value != expected; ++tries) {
      bool answered = false;
      value.clear();
      request(Engine::kIngress, "POST", "/Obj/" + key + "/value",
              {{"content-type", "application/json"}}, "\"0\"",
              [&](const std::optional<std::pair<int, std::string>>& answer) {
                answered = true;
                if (answer && answer->first == 200) value = answer->second;
              });
      world_.run_until([&] { return answered; }, 60s);
      world_.run_for(50ms);
    }
    if (value != expected) {
      return "counter " + key + " is " + value + " after " + expected + " acknowledged additions";
    }
  }
  return {};
}

}  // namespace sim
