#include "admin/operation.h"

#include "admin/failure.h"
#include "common/hash.h"

#include <iterator>

namespace restate::admin {
namespace {

using namespace std::chrono_literals;
using partition::OperationOutcome;
using worker::OperationReply;

constexpr Duration kRetryDelay = 100ms;

/// Status and words for what the partition says. The id comes in front.
std::pair<int, std::string_view> describe(OperationOutcome outcome) {
  switch (outcome) {
    case OperationOutcome::kOk:
    case OperationOutcome::kDone:
    case OperationOutcome::kAlreadyPaused:
      return {200, {}};
    case OperationOutcome::kAppended:
    case OperationOutcome::kAccepted:
      return {202, {}};
    case OperationOutcome::kNotFound:
      return {404, "does not exist"};
    case OperationOutcome::kAlreadyCompleted:
    case OperationOutcome::kCompleted:
      return {409, "has completed already"};
    case OperationOutcome::kNotCompleted:
      return {409, "has not completed yet"};
    case OperationOutcome::kStillRunning:
      return {409, "is still running"};
    case OperationOutcome::kNotRunning:
      return {409, "is not running"};
    case OperationOutcome::kCannotChangeDeployment:
      return {409, "cannot change its deployment now: it is running, or is not bound to one yet"};
    case OperationOutcome::kNotStarted:
      return {425, "has not started yet"};
    case OperationOutcome::kJournalIndexOutOfRange:
      return {400, "has no journal entry with the index 'from'"};
    case OperationOutcome::kMissingInput:
      return {410, "has no input any more: its journal is gone"};
  }
  RESTATE_UNREACHABLE();
}

bool may_try_again(const Error& error) {
  return error.code == Code::kNotLeader || error.code == Code::kUnavailable ||
         error.code == Code::kOverloaded || error.code == Code::kTimeout;
}

}  // namespace

OperationAnswer to_answer(const OperationRequest& request, const OperationReply& reply) {
  const std::string subject = "The invocation '" + request.invocation.str() + "' ";
  const auto with = [&](std::string_view words) {
    return subject + std::string(words) + (reply.message.empty() ? "" : ": " + reply.message);
  };
  switch (reply.kind) {
    case OperationReply::Kind::kOutcome: {
      const auto [status, words] = describe(reply.outcome);
      return {status, status < 400 ? std::string() : with(words), reply.new_invocation};
    }
    case OperationReply::Kind::kUnsupported:
      return {422, with("cannot be restarted"), std::nullopt};
    case OperationReply::Kind::kDeploymentNotFound:
      return {400, with("was to use a deployment that does not exist"), std::nullopt};
    case OperationReply::Kind::kIncompatibleDeployment:
      return {400, with("[RT0014] cannot go on with that deployment"), std::nullopt};
    case OperationReply::Kind::kCopyRangeInvalid:
      return {400, with("cannot be restarted from that index ('from')"), std::nullopt};
  }
  RESTATE_UNREACHABLE();
}

class Operations::Running {
 public:
  Running(Operations& owner, OperationRequest request, Completion<OperationAnswer> done)
      : owner_(owner),
        request_(request),
        id_{fresh_id(owner.shard_)},
        deadline_(owner.shard_.now() + owner.patience_),
        done_(std::move(done)) {}

  /// `place`: where the owner has it.
  void start(std::list<std::unique_ptr<Running>>::iterator place) {
    place_ = place;
    ask();
  }

 private:
  void ask() {
    worker::PartitionClient& client = owner_.client_;
    const InvocationId& invocation = request_.invocation;
    auto done = Completion<OperationReply>(
        owner_.shard_, scope_.bind([this](Result<OperationReply> reply) { on_reply(reply); }));
    switch (request_.kind) {
      case OperationKind::kCancel:
        return client.terminate(invocation, wire::Terminate::Flavor::kCancel, id_, std::move(done));
      case OperationKind::kKill:
        return client.terminate(invocation, wire::Terminate::Flavor::kKill, id_, std::move(done));
      case OperationKind::kPurge:
        return client.purge(invocation, id_, false, std::move(done));
      case OperationKind::kPurgeJournal:
        return client.purge(invocation, id_, true, std::move(done));
      case OperationKind::kPause:
        return client.pause(invocation, id_, std::move(done));
      case OperationKind::kResume:
        return client.resume(invocation, request_.deployment, id_, std::move(done));
      case OperationKind::kRestartAsNew:
        return client.restart_as_new(invocation, request_.from, request_.deployment, id_,
                                     std::move(done));
    }
  }

  static Uuid fresh_id(Shard& shard) {
    const std::uint64_t high = shard.random().next();
    return make_ulid(shard.wall_now().ms, high, shard.random().next());
  }

  void on_reply(const Result<OperationReply>& reply) {
    if (reply) return finish(to_answer(request_, *reply));
    if (!may_try_again(reply.error()) || owner_.shard_.now() >= deadline_) {
      return finish({503,
                     "The partition of invocation '" + request_.invocation.str() +
                         "' cannot be reached: " + public_message(reply.error()),
                     std::nullopt});
    }
    timer_ = owner_.shard_.make_timer(scope_.bind([this] { ask(); }));
    timer_->arm(owner_.shard_.now() + kRetryDelay);
  }

  void finish(OperationAnswer answer) {
    owner_.shard_.post(
        owner_.scope_.bind([owner = &owner_, place = place_] { owner->running_.erase(place); }));
    done_(std::move(answer));
  }

  Operations& owner_;
  OperationRequest request_;
  RequestId id_;
  std::list<std::unique_ptr<Running>>::iterator place_;
  Instant deadline_;
  Completion<OperationAnswer> done_;
  std::unique_ptr<Timer> timer_;
  Scope scope_;
};

Operations::Operations(Shard& shard, worker::PartitionClient& client, Duration patience)
    : shard_(shard), client_(client), patience_(patience) {}

Operations::~Operations() = default;

void Operations::run(OperationRequest request, Completion<OperationAnswer> done) {
  running_.push_back(std::make_unique<Running>(*this, request, std::move(done)));
  running_.back()->start(std::prev(running_.end()));
}

}  // namespace restate::admin
