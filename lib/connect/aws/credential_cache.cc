#include "connect/aws/credential_cache.h"

#include "runtime/thread.h"

#include <algorithm>
#include <utility>

namespace restate::connect::aws {
namespace {

/// Not used any more so shortly before their end: a call takes a moment to arrive.
constexpr std::uint64_t kMarginMs = 10'000;
constexpr std::uint64_t kRenewBeforeMs = 300'000;
/// Those without an end may change in their file.
constexpr std::uint64_t kReadAgainMs = 600'000;
/// A failure is everybody's for this long, lest a thousand invocations ask one by one.
constexpr std::uint64_t kFailureMs = 1'000;

}  // namespace

CredentialCache::CredentialCache(std::unique_ptr<CredentialLoader> loader, Clock clock)
    : loader_(std::move(loader)), clock_(std::move(clock)) {}

CredentialCache::~CredentialCache() { stop(); }

bool CredentialCache::usable(const Entry& entry, WallTime now) {
  return entry.value &&
         (!entry.value->expires_at || now.plus(kMarginMs) < *entry.value->expires_at);
}

void CredentialCache::get(const CredentialKey& key, Done done) {
  const WallTime now = clock_();
  std::optional<Result<Credentials>> known;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    Entry& entry = entries_[key];
    if (usable(entry, now)) {
      known = *entry.value;
    } else if (entry.failure && now < entry.renew_at) {
      known = *entry.failure;
    } else {
      entry.waiting.push_back(std::move(done));
    }
    // Whoever waits needs somebody to fetch, whatever the time.
    const bool due = !known || now >= entry.renew_at;
    if (due && !std::exchange(entry.wanted, true)) {
      queue_.push_back(key);
      if (!thread_.joinable()) thread_ = start_thread("aws-credentials", [this] { run(); });
      changed_.notify_one();
    }
  }
  if (known) done(*known);
}

void CredentialCache::forget(const CredentialKey& key, const std::string& access_key) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end() || !found->second.value) return;
  if (found->second.value->access_key != access_key) return;  // there are others already
  found->second.value.reset();
  found->second.renew_at = {};
}

void CredentialCache::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

Result<Credentials> CredentialCache::fetch(const CredentialKey& key) {
  if (key.role_arn.empty()) return loader_->load(key.region);
  const CredentialKey own_key{{}, key.partition, key.region};
  std::optional<Credentials> own;
  {
    const std::lock_guard lock(mutex_);
    const Entry& entry = entries_[own_key];
    if (usable(entry, clock_())) own = entry.value;
  }
  if (!own) {
    auto loaded = loader_->load(key.region);
    const std::lock_guard lock(mutex_);
    store(entries_[own_key], loaded, clock_());
    if (!loaded) return loaded;
    own = *std::move(loaded);
  }
  auto assumed = loader_->assume(*own, key.role_arn, key.partition, key.region);
  if (!assumed && assumed.error().code == Code::kUnauthenticated) {
    forget(own_key, own->access_key);  // it may be they who are refused
  }
  return assumed;
}

void CredentialCache::store(Entry& entry, const Result<Credentials>& result, WallTime now) {
  if (!result) {
    entry.failure = result.error();
    entry.renew_at = now.plus(kFailureMs);
    return;
  }
  entry.value = *result;
  entry.failure.reset();
  if (!result->expires_at) {
    entry.renew_at = now.plus(kReadAgainMs);
    return;
  }
  const std::uint64_t left = result->expires_at->ms_since(now);
  entry.renew_at = now.plus(left - std::min(kRenewBeforeMs, left / 2));
}

void CredentialCache::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    const CredentialKey key = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    const Result<Credentials> result = fetch(key);
    lock.lock();
    Entry& entry = entries_[key];
    store(entry, result, clock_());
    entry.wanted = false;
    auto waiting = std::exchange(entry.waiting, {});
    lock.unlock();
    for (Done& done : waiting) done(result);
    lock.lock();
  }
}

}  // namespace restate::connect::aws
