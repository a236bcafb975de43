#include "ingress/exchange.h"

#include "common/utf8.h"
#include "ingress/identity.h"
#include "ingress/spans.h"
#include "ingress/target_body.h"

#include <algorithm>

namespace restate::ingress {
namespace {

using namespace std::chrono_literals;

constexpr Duration kFirstRetry = 50ms;
constexpr Duration kLastRetry = 1s;
constexpr std::uint64_t kJitterPercent = 30;

/// A body up to this size gets a buffer of its own: the slice of the socket's buffer it came in
/// would keep all of that alive as long as the invocation.
constexpr std::size_t kCompactBelow = 16 * 1024;

/// An argument up to this size may wait with its call without being counted.
constexpr std::size_t kUncountedBelow = 1024;

/// Twice as long each time, up to a limit, and a little later than that.
Duration retry_delay(std::uint32_t tries, Random& random) {
  Duration delay = kFirstRetry;
  for (std::uint32_t i = 0; i < tries && delay < kLastRetry; ++i) delay *= 2;
  delay = std::min(delay, kLastRetry);
  const auto jitter = random.below(static_cast<std::uint64_t>(delay.count()) * kJitterPercent / 100);
  return delay + Duration(static_cast<std::int64_t>(jitter));
}

}  // namespace

Exchange::Exchange(Context& context, http::ServerStream& stream, Asked asked, Work work,
                   Lease body)
    : context_(context),
      stream_(stream),
      asked_(std::move(asked)),
      work_(std::move(work)),
      body_(std::move(body)) {
  if (!body_.attached() && context_.options.bodies) body_ = Lease(*context_.options.bodies);
  ++context_.in_flight;
  if (context_.options.node_in_flight) context_.options.node_in_flight->fetch_add(1);
}

Exchange::~Exchange() {
  if (waits_for_ && !context_.closing) context_.client.forget(*waits_for_, request_);
  --context_.in_flight;
  if (context_.options.node_in_flight) context_.options.node_in_flight->fetch_sub(1);
}

void Exchange::on_body(Bytes data) {
  if (answered_) return;
  body_size_ += data.size();
  if (body_size_ > context_.options.request_size_limit) {
    drop_body();
    refuse({413, "cannot read body: length limit exceeded"});
    return;
  }
  if (body_size_ > body_.bytes() && !body_.resize(body_size_)) {
    drop_body();
    refuse(overloaded());
    return;
  }
  // A client may send byte after byte, and each costs a buffer: fifty times what is counted.
  if (!chunks_.empty() && data.size() < kCompactBelow) {
    small_.append(data.view());
    if (small_.size() >= kCompactBelow) chunks_.push_back(Bytes(std::exchange(small_, {})));
    return;
  }
  if (!small_.empty()) chunks_.push_back(Bytes(std::exchange(small_, {})));
  chunks_.push_back(std::move(data));
}

void Exchange::on_body_end() {
  if (answered_) return;
  request_ = {fresh_ulid(context_.shard)};
  std::visit([this](auto& work) { start(work); }, work_);
}

void Exchange::on_body_error(const Error& error) {
  if (!answered_) refuse({500, "cannot read body: " + error.message});
}

void Exchange::drop_body() {
  chunks_.clear();
  small_ = {};
}

Bytes Exchange::take_body() {
  ByteChain chunks = std::exchange(chunks_, {});
  if (!small_.empty()) chunks.push_back(Bytes(std::exchange(small_, {})));
  if (chunks.empty()) return {};
  if (chunks.size() > 1) return Bytes(join(chunks));
  if (chunks.front().size() < kCompactBelow) return chunks.front().compact();
  return std::move(chunks.front());
}

void Exchange::start(InvokeRequest& request) {
  auto admitted = admit(request, take_body(), context_.shard, context_.options);
  if (auto* refusal = std::get_if<Refusal>(&admitted)) return refuse(std::move(*refusal));
  invocation_ = std::get<wire::ServiceInvocation>(std::move(admitted));
  if (trace::Sink* sink = context_.options.traces) {
    trace_request(*sink, context_.shard.random(), stream_.peer(), invocation_);
  }
  send_invocation();
}

void Exchange::send_invocation() {
  const bool send = std::get<InvokeRequest>(work_).send;
  Function<void()> stored;
  if (!send) {
    waits(invocation_.id);
    // Many wait for long; what is small is not worth another message.
    if (invocation_.argument.size() >= kUncountedBelow) {
      stored = scope_.bind([this] { on_stored(); });
    } else {
      body_.release();
    }
  }
  context_.client.invoke(
      invocation_, request_, send ? worker::WaitFor::kSubmitted : worker::WaitFor::kOutput,
      Completion<worker::InvokeReply>(
          context_.shard, scope_.bind([this](Result<worker::InvokeReply> reply) {
            on_invoked(std::move(reply));
          })),
      std::move(stored));
}

void Exchange::on_stored() {
  stored_ = true;
  invocation_.argument = {};
  body_.release();
}

void Exchange::send_attach() {
  waits(invocation_.id);
  context_.client.output(
      invocation_.id, request_, true,
      Completion<worker::OutputReply>(
          context_.shard, scope_.bind([this](Result<worker::OutputReply> reply) {
            waits_for_.reset();
            if (!reply) return retry_or_fail(reply.error(), true, &Exchange::send_attach);
            if (reply->kind != worker::OutputReply::Kind::kReady) {
              return refuse({503, "the result of the invocation was not kept, and was missed while "
                                  "its partition changed its leader"});
            }
            worker::InvokeReply invoked;
            invoked.completion_expiry = reply->completion_expiry;
            invoked.result = std::move(reply->result);
            on_invoked(std::move(invoked));
          })));
}

void Exchange::on_invoked(Result<worker::InvokeReply> reply) {
  waits_for_.reset();
  if (!reply) {
    if (stored_) return retry_or_fail(reply.error(), true, &Exchange::send_attach);
    return retry_or_fail(reply.error(), is_repeatable(invocation_), &Exchange::send_invocation);
  }
  reply->invocation = invocation_.id;
  const InvokeRequest& request = std::get<InvokeRequest>(work_);
  if (request.send) return answer(answer_send(*reply));
  // The handler may have been declared anew while it ran; who reads now is told what holds now.
  const schema::Handler* handler = context_.schemas.current()->find_handler(
      invocation_.target.service, invocation_.target.handler);
  answer(answer_output({reply->invocation, reply->completion_expiry, reply->result},
                       handler != nullptr ? *handler : *request.handler));
}

void Exchange::start(ResultRequest& request) {
  if (!request.invocation) {
    auto target =
        parse_target(take_body().view(), context_.options.controlled_idempotent_sharding);
    if (auto* refusal = std::get_if<Refusal>(&target)) return refuse(std::move(*refusal));
    request.invocation = std::get<InvocationId>(target);
  }
  send_result_request();
}

void Exchange::send_result_request() {
  const ResultRequest& request = std::get<ResultRequest>(work_);
  body_.release();
  if (request.mode == ResultMode::kAttach) waits(*request.invocation);
  context_.client.output(*request.invocation, request_, request.mode == ResultMode::kAttach,
                         Completion<worker::OutputReply>(
                             context_.shard, scope_.bind([this](Result<worker::OutputReply> reply) {
                               on_result(std::move(reply));
                             })));
}

void Exchange::on_result(Result<worker::OutputReply> reply) {
  using Kind = worker::OutputReply::Kind;
  waits_for_.reset();
  if (!reply) return retry_or_fail(reply.error(), true, &Exchange::send_result_request);
  const ResultRequest& request = std::get<ResultRequest>(work_);
  const Outcome outcome{*request.invocation, reply->completion_expiry, reply->result};
  switch (reply->kind) {
    case Kind::kNotReady:
      return refuse({470, "the invocation exists but has not completed yet"});
    case Kind::kNotFound:
      // Clients tell the two apart: waiting for what does not exist has an outcome, for good.
      if (request.mode == ResultMode::kOutput) return refuse({404, "invocation not found"});
      return answer(answer_failure(outcome, wire::failures::not_found()));
    case Kind::kReady:
      break;
  }
  if (const auto* failure = std::get_if<wire::Failure>(&reply->result)) {
    return answer(answer_failure(outcome, *failure));
  }
  if (!reply->target) return answer(answer_output(outcome, schema::Handler{}));
  const schema::Handler* handler = context_.schemas.current()->find_handler(
      reply->target->service, reply->target->handler);
  if (handler == nullptr) return refuse({404, "not found"});
  answer(answer_output(outcome, *handler));
}

void Exchange::start(LookupRequest&) {
  auto target = parse_target(take_body().view(), context_.options.controlled_idempotent_sharding);
  if (auto* refusal = std::get_if<Refusal>(&target)) return refuse(std::move(*refusal));
  answer(answer_lookup(std::get<InvocationId>(target)));
}

void Exchange::start(AwakeableRequest& request) {
  if (!request.known) return answer(answer_awakeable());
  signal_.invocation = request.invocation;
  signal_.signal = wire::SignalIndex{request.signal};
  const Bytes body = take_body();
  if (request.resolve) {
    signal_.result = body;
  } else {
    signal_.result = wire::Failure{500, utf8_lossy(body.view()), {}};
  }
  send_signal();
}

void Exchange::send_signal() {
  context_.client.signal(signal_,
                         Completion<void>(context_.shard, scope_.bind([this](Result<void> done) {
                           if (done) return answer(answer_awakeable());
                           // A second signal does no harm: the code consumes one.
                           retry_or_fail(done.error(), true, &Exchange::send_signal);
                         })));
}

void Exchange::retry_or_fail(const Error& error, bool may_repeat, void (Exchange::*again)()) {
  bool retry = false;
  switch (error.code) {
    case Code::kNotLeader:
    case Code::kOverloaded:
    case Code::kSealed:
      retry = true;  // nothing happened
      break;
    case Code::kUnavailable:
    case Code::kTimeout:
      retry = may_repeat;  // who knows what happened
      break;
    case Code::kInvalidArgument:
      // Below the limit for bodies, with its headers and ids it is above that of a record.
      return refuse({413, "the request is too large: " + error.message});
    case Code::kNotFound:
    case Code::kAlreadyExists:
    case Code::kFailedPrecondition:
    case Code::kUnauthenticated:
    case Code::kTrimmed:
    case Code::kCancelled:
    case Code::kSuspended:
    case Code::kTerminal:
    case Code::kShutdown:
    case Code::kCorrupt:
    case Code::kFailed:
    case Code::kUnsupported:
    case Code::kInternal:
      break;
  }
  if (!retry) {
    // Of what broke inside, clients hear only that it did.
    const bool inside = error.code == Code::kFailed || error.code == Code::kCorrupt ||
                        error.code == Code::kInternal;
    const std::string why = inside ? "failed; the log of the server says why" : error.describe();
    return refuse({503, "internal routing error: " + why +
                            (may_repeat ? ". The request can be retried safely."
                                        : ". The request may have been accepted; retrying it is "
                                          "safe only with an idempotency key.")});
  }
  again_ = again;
  if (!retry_timer_) {
    retry_timer_ = context_.shard.make_timer(scope_.bind([this] { (this->*again_)(); }));
  }
  retry_timer_->arm(context_.shard.now() + retry_delay(tries_++, context_.shard.random()));
}

void Exchange::answer(Answer answer) {
  answered_ = true;
  body_.release();
  if (const auto* request = std::get_if<InvokeRequest>(&work_)) {
    context_.metrics.note(request->target.service, request->send, answer,
                          context_.shard.now() - asked_.since);
  }
  respond(context_.shard, stream_, asked_, std::move(answer));
}

}  // namespace restate::ingress
