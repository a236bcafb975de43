#pragma once

/// \file
/// Credentials as long as they last. They are renewed before they expire, while calls still go out
/// with the old ones; fetching happens on one thread that calls do not wait for.

#include "connect/aws/credential_loader.h"

#include <restate/function.h>

#include <compare>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace restate::connect::aws {

/// Whose credentials, and where a role is assumed.
struct CredentialKey {
  std::string role_arn;  ///< empty: the engine's own
  std::string partition;
  std::string region;
  auto operator<=>(const CredentialKey&) const = default;
};

class CredentialCache {
 public:
  using Clock = CredentialLoader::Clock;
  using Done = Function<void(const Result<Credentials>&)>;

  CredentialCache(std::unique_ptr<CredentialLoader> loader, Clock clock);
  ~CredentialCache();
  CredentialCache(const CredentialCache&) = delete;
  CredentialCache& operator=(const CredentialCache&) = delete;

  /// Calls `done` at once if they are there, else on the cache's thread. Never after `stop`.
  void get(const CredentialKey& key, Done done);
  /// Somebody refused these; they are fetched anew.
  void forget(const CredentialKey& key, const std::string& access_key);
  /// What is being fetched must end by itself; who still waits is dropped.
  void stop();

 private:
  struct Entry {
    std::optional<Credentials> value;
    std::optional<Error> failure;  ///< of the last fetch
    WallTime renew_at;             ///< or, after a failure, when to try again
    bool wanted = false;           ///< in the queue, or being fetched
    std::vector<Done> waiting;
  };
  static bool usable(const Entry& entry, WallTime now);
  Result<Credentials> fetch(const CredentialKey& key);
  void store(Entry& entry, const Result<Credentials>& result, WallTime now);
  void run();

  const std::unique_ptr<CredentialLoader> loader_;
  const Clock clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<CredentialKey, Entry> entries_;
  std::deque<CredentialKey> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace restate::connect::aws
