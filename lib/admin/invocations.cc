#include "admin/invocations.h"

#include "admin/failure.h"
#include "http/message.h"

#include <array>

namespace restate::admin {
namespace {

struct Named {
  const char* name;
  OperationKind kind;
};
constexpr std::array kOperations{
    Named{"cancel", OperationKind::kCancel},   Named{"kill", OperationKind::kKill},
    Named{"purge", OperationKind::kPurge},     Named{"purge-journal", OperationKind::kPurgeJournal},
    Named{"pause", OperationKind::kPause},     Named{"resume", OperationKind::kResume},
    Named{"restart-as-new", OperationKind::kRestartAsNew}};

/// `keep`, `latest` or an id. Without one, a resumed invocation stays where it is, and a restarted
/// one starts on the newest code.
std::optional<worker::DeploymentChoice> read_choice(const std::optional<std::string>& text,
                                                    OperationKind kind) {
  using Kind = worker::DeploymentChoice::Kind;
  if (!text) {
    return worker::DeploymentChoice{
        kind == OperationKind::kRestartAsNew ? Kind::kLatest : Kind::kKeep, std::nullopt};
  }
  if (*text == "keep" || *text == "Keep") return worker::DeploymentChoice{Kind::kKeep, std::nullopt};
  if (*text == "latest" || *text == "Latest") {
    return worker::DeploymentChoice{Kind::kLatest, std::nullopt};
  }
  auto id = DeploymentId::parse(*text);
  if (!id) return std::nullopt;
  return worker::DeploymentChoice{Kind::kId, *id};
}

constexpr std::string_view kBadChoice =
    "deployment: expected `keep`, `latest` or the id of a deployment";

/// The id in the path. Nothing: malformed, and answered.
std::optional<InvocationId> read_invocation_id(Call& call) {
  auto id = InvocationId::parse(call.params[0]);
  if (id) return *id;
  call.error(400, {}, "invocation_id: '" + call.params[0] + "': " + id.error().message);
  return std::nullopt;
}

/// The parameters of an operation on one invocation. Nothing: wrong, and answered.
std::optional<OperationRequest> read_request(OperationKind kind, Call& call) {
  OperationRequest request;
  request.kind = kind;
  if (const auto from = call.parameter("from"); from && kind == OperationKind::kRestartAsNew) {
    const auto index = http::parse_decimal(*from);
    if (!index || *index > UINT32_MAX) {
      call.text(400, "The query parameter `from` is no index of a journal entry");
      return std::nullopt;
    }
    request.from = static_cast<std::uint32_t>(*index);
  }
  const auto id = read_invocation_id(call);
  if (!id) return std::nullopt;
  request.invocation = *id;
  if (kind != OperationKind::kResume && kind != OperationKind::kRestartAsNew) return request;
  const auto choice = read_choice(call.parameter("deployment"), kind);
  if (!choice) {
    call.error(400, {}, kBadChoice);
    return std::nullopt;
  }
  request.deployment = *choice;
  return request;
}

/// A batch under way. Results stand in the order in which they were asked for.
struct Batch {
  Call call;
  OperationKind kind;
  std::vector<InvocationId> invocations;
  std::vector<OperationAnswer> answers;
  std::size_t missing = 0;

  void finish() {
    Json json{{"succeeded", Json::array()}, {"failed", Json::array()}};
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const std::string id = invocations[i].str();
      if (answers[i].status >= 400) {
        json["failed"].push_back({{"invocation_id", id}, {"error", answers[i].message}});
      } else if (kind == OperationKind::kRestartAsNew) {
        json["succeeded"].push_back(
            {{"old_invocation_id", id},
             {"new_invocation_id", answers[i].new_invocation.value_or(InvocationId{}).str()}});
      } else {
        json["succeeded"].push_back(id);
      }
    }
    call.json(200, json);
  }
};

/// The ids of a batch. Nothing: the body is no such list.
std::optional<std::vector<InvocationId>> read_ids(const Json& json) {
  const Json* list = schema::member(json, "invocation_ids");
  if (list == nullptr || !list->is_array()) return std::nullopt;
  std::vector<InvocationId> ids;
  ids.reserve(list->size());
  for (const Json& item : *list) {
    if (!item.is_string()) return std::nullopt;
    auto id = InvocationId::parse(item.get_ref<const std::string&>());
    if (!id) return std::nullopt;
    ids.push_back(*id);
  }
  return ids;
}

}  // namespace

void InvocationRoutes::add_to(Router& router) {
  router.add("DELETE", "/invocations/{invocation_id}",
             [this](Call call) { remove(std::move(call)); });
  for (const Named& operation : kOperations) {
    const std::string name = operation.name;
    router.add("PATCH", "/invocations/{invocation_id}/" + name,
               [this, kind = operation.kind](Call call) { operate(kind, std::move(call)); });
    router.add("POST", "/internal/invocations_batch_operations/" + name,
               [this, kind = operation.kind](Call call) { batch(kind, std::move(call)); });
  }
}

void InvocationRoutes::operate(OperationKind kind, Call call) {
  const auto request = read_request(kind, call);
  if (!request) return;
  operations_.run(*request,
                  Completion<OperationAnswer>(
                      shard_, scope_.bind([kind, call = std::move(call)](
                                              Result<OperationAnswer> answer) mutable {
                        if (!answer) return call.error(503, {}, public_message(answer.error()));
                        if (answer->status >= 400) {
                          return call.error(answer->status, {}, answer->message);
                        }
                        if (kind == OperationKind::kRestartAsNew && answer->new_invocation) {
                          return call.json(answer->status, {{"new_invocation_id",
                                                             answer->new_invocation->str()}});
                        }
                        call.empty(answer->status);
                      })));
}

void InvocationRoutes::remove(Call call) {
  const std::string mode = call.parameter("mode").value_or("cancel");
  OperationRequest request;
  if (mode == "cancel" || mode == "Cancel") {
    request.kind = OperationKind::kCancel;
  } else if (mode == "kill" || mode == "Kill") {
    request.kind = OperationKind::kKill;
  } else if (mode == "purge" || mode == "Purge") {
    request.kind = OperationKind::kPurge;
  } else {
    return call.text(400, "The query parameter `mode` is none of `cancel`, `kill` and `purge`");
  }
  const auto id = read_invocation_id(call);
  if (!id) return;
  request.invocation = *id;
  operations_.run(request,
                  Completion<OperationAnswer>(
                      shard_, scope_.bind([call = std::move(call)](
                                              Result<OperationAnswer> answer) mutable {
                        if (!answer) return call.error(503, {}, public_message(answer.error()));
                        if (answer->status == 503) return call.error(503, {}, answer->message);
                        call.empty(202);  // this old route never told what became of it
                      })));
}

void InvocationRoutes::batch(OperationKind kind, Call call) {
  const auto json = call.read_json();
  if (!json) return;
  auto ids = read_ids(*json);
  std::optional<std::string> deployment;
  if (!ids || !schema::take(*json, "deployment", deployment)) {
    return call.text(422, "The body names no list of invocations");
  }
  if (ids->size() > kMaxBatch) {
    return call.error(400, {}, "invocation_ids: a batch has at most " + std::to_string(kMaxBatch) +
                                   " invocations");
  }
  const auto choice = read_choice(deployment, kind);
  if (!choice) return call.error(400, {}, kBadChoice);

  const std::size_t count = ids->size();
  auto batch = std::make_shared<Batch>(
      Batch{std::move(call), kind, std::move(*ids), std::vector<OperationAnswer>(count), count});
  if (count == 0) return batch->finish();
  for (std::size_t i = 0; i < count; ++i) {
    OperationRequest request;
    request.kind = kind;
    request.invocation = batch->invocations[i];
    request.deployment = *choice;
    operations_.run(request, Completion<OperationAnswer>(
                                 shard_, scope_.bind([batch, i](Result<OperationAnswer> answer) {
                                   batch->answers[i] =
                                       answer ? *answer
                                              : OperationAnswer{503, public_message(answer.error()),
                                                                std::nullopt};
                                   if (--batch->missing == 0) batch->finish();
                                 })));
  }
}

}  // namespace restate::admin
