#include "admin/discovery_task.h"

#include <utility>

namespace restate::admin {
namespace {

schema::RegistryError to_error(const protocol::DiscoveryError& error) {
  return {error.status, std::string(protocol::to_string(error.code)), error.message};
}

}  // namespace

DiscoveryTask::DiscoveryTask(Shard& shard, const DiscovererOptions& options,
                             DiscoveryRequest request, Completion<DiscoveryOutcome> done,
                             Function<void()> finished)
    : shard_(shard),
      options_(options),
      request_(std::move(request)),
      done_(std::move(done)),
      finished_(std::move(finished)),
      timer_(shard.make_timer([this] { on_timer(); })) {}

void DiscoveryTask::start() {
  waiting_ = true;
  timer_->arm(shard_.now() + options_.timeout);
  ask();
}

std::vector<wire::Header> DiscoveryTask::headers() const {
  std::vector<wire::Header> all = {{"accept", std::string(protocol::discover_accept())}};
  const auto add = [&all](const std::vector<wire::Header>& more) {
    all.insert(all.end(), more.begin(), more.end());
  };
  add(options_.additional_headers);
  add(request_.address.additional_headers);
  if (options_.identity) {
    add(options_.identity->headers(protocol::kDiscoverPath, std::nullopt, shard_.wall_now()));
  }
  return all;
}

void DiscoveryTask::on_answer(int status, const std::vector<wire::Header>& headers,
                              std::string_view body, schema::HttpVersion version,
                              protocol::DiscoveryWay way) {
  if (protocol::retry_discovery(status) && try_again()) return;
  auto parsed = protocol::parse_discovery(status, headers, body, way);
  if (auto* error = std::get_if<protocol::DiscoveryError>(&parsed)) {
    schema::RegistryError refused = to_error(*error);
    if (refused.status >= 500) refused.message += " (" + address() + ")";
    return complete(std::move(refused));
  }
  complete(to_discovered(std::get<protocol::Manifest>(parsed), version));
}

void DiscoveryTask::on_failure(const std::string& why, bool passing, protocol::OtherHttp speaks) {
  if (passing && try_again()) return;
  complete(to_error(protocol::discovery_unreachable(address() + ": " + why, speaks)));
}

void DiscoveryTask::on_timer() {
  if (!waiting_) return start();
  on_failure("it did not answer in time", true);
}

/// Waits, then starts anew; false if there were enough tries.
bool DiscoveryTask::try_again() {
  if (tries_ >= protocol::kDiscoveryRetries) return false;
  Duration delay = protocol::kDiscoveryRetryDelay * (1 << tries_);
  // Up to a third more, lest those that failed together come back together.
  delay += Duration(static_cast<std::int64_t>(
      shard_.random().below(static_cast<std::uint64_t>(delay.count()) * 3 / 10)));
  ++tries_;
  waiting_ = false;
  give_up();
  timer_->arm(shard_.now() + delay);
  return true;
}

void DiscoveryTask::complete(DiscoveryOutcome outcome) {
  timer_->cancel();
  give_up();  // may be calling us; this is its last word
  auto done = std::move(done_);
  finished_();
  done(std::move(outcome));
}

std::string DiscoveryTask::address() const {
  const schema::Address& to = request_.address;
  return to.lambda_arn.empty() ? "endpoint " + to.uri : "function " + to.lambda_arn;
}

}  // namespace restate::admin
