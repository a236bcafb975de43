#include "clients.h"

#include "engine.h"

#include <restate/ids.h>

namespace sim {

using namespace restate;
using namespace std::chrono_literals;

/// Somebody keeps the traces of all requests: see Audit.
constexpr const char* kTraceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

class Exchange final : private http::ClientExchange {
 public:
  using Done = Function<void(std::optional<std::pair<int, std::string>>)>;
  /// In place of a status, of a request that nobody answered in time.
  static constexpr int kTimedOut = 0;

  Exchange(Shard& shard, http::Client& client, const http::Target& target, http::RequestHead head,
           std::string body, Done done)
      : done_(std::move(done)),
        timeout_(shard.make_timer([this] { finish(std::pair(kTimedOut, std::string())); })) {
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
  std::string key, invocation;
  Script script;
};

Clients::Clients(testing::World& world, testing::Node& node, std::string server, Options options)
    : world_(world),
      node_(node),
      shard_(node.shard(0)),
      server_(std::move(server)),
      options_(options),
      http_(std::make_unique<http::Client>(shard_, http::ClientOptions{})) {
  for (const std::string& kind : script_kinds()) done_[kind] = 0;
}

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
      [this, id,
       answer = std::move(answer)](std::optional<std::pair<int, std::string>> result) mutable {
        // The exchange is inside its own callback: it goes when that is over.
        shard_.post(scope_.bind([this, id] { exchanges_.erase(id); }));
        if (healed_ && result && result->first == Exchange::kTimedOut) {
          problems_.push_back("a request is not answered for 20 seconds, though all works");
        }
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
            subscribed_ = !options_.subscribe;
            if (options_.subscribe) subscribe();
            left_ = options_.clients;
            for (std::uint32_t i = 0; i < options_.clients; ++i) {
              clients_.push_back(std::make_unique<Client>());
              clients_.back()->left = options_.operations;
              next(*clients_.back());
            }
          });
}

void Clients::subscribe() {
  request(Engine::kAdmin, "POST", "/subscriptions", {{"content-type", "application/json"}},
          R"({"source":"kafka://sim/t","sink":"service://Obj/add"})",
          [this](const std::optional<std::pair<int, std::string>>& answer) {
            subscribed_ = answer && answer->first == 201;
            if (!subscribed_) retry_later([this] { subscribe(); });
          });
}

void Clients::next(Client& client) {
  if (client.left == 0) {
    --left_;
    return;
  }
  --client.left;
  const std::uint64_t number = shard_.random().below(options_.keys);
  client.key = "k" + std::to_string(number);
  client.invocation.clear();
  client.script = make_script(shard_.random(), serial_++, number, shard_.wall_now(),
                              options_.flow_control);
  attempt(client);
}

void Clients::send_twin(const Request& request) {
  ++twins_;
  http::Headers headers{{"content-type", "application/json"}, {"traceparent", kTraceparent}};
  if (!request.idempotency.empty()) headers.add("idempotency-key", request.idempotency);
  if (!request.limit_key.empty()) headers.add("x-restate-limit-key", request.limit_key);
  this->request(request.port, request.method, request.path, std::move(headers), request.body,
                [this](const std::optional<std::pair<int, std::string>>&) { --twins_; });
}

void Clients::attempt(Client& client) {
  Request& request = client.script.steps.front();
  const auto fill = [&](std::string_view place, const std::string& value) {
    const auto at = request.path.find(place);
    if (at != std::string::npos) request.path.replace(at, place.size(), value);
  };
  fill("{id}", client.invocation);
  if (const auto id = InvocationId::parse(client.invocation)) {
    fill("{awakeable}", AwakeableId{*id, 17}.str());
  }
  http::Headers headers{{"traceparent", kTraceparent}};
  if (!request.body.empty()) headers.add("content-type", "application/json");
  if (!request.idempotency.empty()) headers.add("idempotency-key", request.idempotency);
  if (!request.limit_key.empty()) headers.add("x-restate-limit-key", request.limit_key);
  if (std::exchange(request.twin, false)) send_twin(request);
  this->request(request.port, request.method, request.path, std::move(headers), request.body,
                [this, &client](const std::optional<std::pair<int, std::string>>& answer) {
                  on_answer(client, answer);
                });
}

void Clients::on_answer(Client& client, const std::optional<std::pair<int, std::string>>& answer) {
  const Request& request = client.script.steps.front();
  if (!answer || !request.accepted.contains(answer->first)) {
    if (answer && answer->first != Exchange::kTimedOut && answer->first != 503 &&
        answer->first != 429 && answer->first != 404 && answer->first != 470) {
      problems_.push_back(request.path + " answers " + std::to_string(answer->first) + " " +
                          answer->second);
    }
    if (!request.before_retry.empty()) {
      const std::string& first = request.before_retry;
      client.script.steps.push_front(first.starts_with('/') ? administer(first) : operate(first));
    }
    retry_later([this, &client] { attempt(client); });
    return;
  }
  if (!request.expected.empty() && answer->second != request.expected) {
    problems_.push_back(request.path + " returned " + answer->second + ", not " + request.expected);
  }
  constexpr std::string_view kId = "\"invocationId\":\"";
  if (const auto at = answer->second.find(kId); at != std::string::npos) {
    const auto begin = at + kId.size();
    client.invocation = answer->second.substr(begin, answer->second.find('"', begin) - begin);
  }
  client.script.steps.pop_front();
  if (!client.script.steps.empty()) return attempt(client);
  adds_[client.key] += client.script.adds;
  ++done_[client.script.kind];
  next(client);
}

std::optional<std::string> Clients::check_counters() {
  for (std::uint32_t i = 0; i < options_.keys; ++i) {
    const std::string key = "k" + std::to_string(i);
    const std::string expected = std::to_string(adds_[key]);
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
