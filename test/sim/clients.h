#pragma once

// Clients that keep asking until they are answered, and remember what the answers must add up to.

#include "http/client.h"
#include "script.h"

#include <restate/testing/world.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sim {

/// One HTTP exchange; the callback gets the status and body, or nothing when it broke.
class Exchange;

class Clients {
 public:
  struct Options {
    std::uint32_t clients = 3;
    std::uint32_t operations = 6;  ///< of each client, one after another
    std::uint32_t keys = 3;
    bool flow_control = false;  ///< also scopes and rules
    /// They also make a subscription of the topic `t`; perhaps more than one, if an answer is lost.
    bool subscribe = false;
  };

  Clients(restate::testing::World& world, restate::testing::Node& node, std::string server,
          Options options);
  ~Clients();

  /// Registers the deployment, again and again until it is taken; then the clients begin.
  void start(std::string deployment_uri);
  bool finished() const { return registered_ && left_ == 0 && twins_ == 0 && subscribed_; }
  /// From now on everything works: who asks and hears nothing for long has been forgotten.
  void on_healed() { healed_ = true; }

  /// Asks for the value of every counter. Runs the world; call once everything is quiet.
  /// Nothing: what was asked for happened exactly once.
  std::optional<std::string> check_counters();
  /// Somebody else adds to a counter.
  void expect(const std::string& key, std::uint64_t additions) { adds_[key] += additions; }

  const std::vector<std::string>& problems() const { return problems_; }
  /// How often each kind of operation was done.
  const std::map<std::string, std::uint64_t>& done() const { return done_; }

 private:
  struct Client;
  using Answer = restate::Function<void(std::optional<std::pair<int, std::string>>)>;

  void request(std::uint16_t port, std::string method, std::string path,
               restate::http::Headers headers, std::string body, Answer answer);
  void subscribe();
  void next(Client& client);
  void attempt(Client& client);
  void send_twin(const Request& request);
  void on_answer(Client& client, const std::optional<std::pair<int, std::string>>& answer);
  void retry_later(restate::Function<void()> again);

  restate::testing::World& world_;
  restate::testing::Node& node_;
  restate::Shard& shard_;
  const std::string server_;
  const Options options_;
  std::unique_ptr<restate::http::Client> http_;
  std::map<std::uint64_t, std::unique_ptr<Exchange>> exchanges_;
  std::uint64_t next_exchange_ = 0;
  std::vector<std::unique_ptr<Client>> clients_;
  bool registered_ = false;
  bool subscribed_ = false;
  std::uint32_t left_ = 0;
  std::uint32_t twins_ = 0;  ///< requests that somebody else makes at the same time
  bool healed_ = false;
  std::map<std::string, std::uint64_t> adds_;  ///< by key: additions that were acknowledged
  std::vector<std::string> problems_;
  std::map<std::string, std::uint64_t> done_;
  std::uint64_t serial_ = 0;
  restate::Scope scope_;
};

}  // namespace sim
