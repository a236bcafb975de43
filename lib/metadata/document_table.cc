#include "metadata/document_table.h"

#include "metadata/limits.h"
#include "metadata/row.h"

#include <restate/storage/store.h>

#include <utility>

namespace restate::metadata {
namespace {

/// Why a write must not happen, if so.
std::optional<Error> refusal(const Precondition& precondition, const std::string& key,
                             const std::optional<VersionedValue>& current) {
  const Version found = current ? current->version : Version{};
  switch (precondition.kind) {
    case Precondition::Kind::kNone:
      return std::nullopt;
    case Precondition::Kind::kAbsent:
      if (!current) return std::nullopt;
      return Error{Code::kFailedPrecondition, "writing " + key + ": expected nothing, found version " +
                                                  std::to_string(found.value)};
    case Precondition::Kind::kVersion:
      if (found == precondition.version) return std::nullopt;
      return Error{Code::kFailedPrecondition,
                   "writing " + key + ": expected version " +
                       std::to_string(precondition.version.value) + ", found " +
                       std::to_string(found.value)};
  }
  RESTATE_UNREACHABLE();
}

}  // namespace

void DocumentTable::get(std::string key, Completion<std::optional<VersionedValue>> done) {
  Shard& from = done.shard();
  accept(from, Request{.key = std::move(key), .read = std::move(done)});
}

void DocumentTable::write(std::string key, std::optional<VersionedValue> value,
                          Precondition precondition, Completion<void> done) {
  Shard& from = done.shard();
  accept(from, Request{.key = std::move(key),
                       .value = std::move(value),
                       .precondition = precondition,
                       .written = std::move(done)});
}

void DocumentTable::accept(Shard& from, Request request) {
  send(from, home_, scope_.bind([this, request = std::move(request)]() mutable {
    if (requests_.size() >= kMaxPendingRequests) {
      return answer(std::move(request),
                    Error{Code::kOverloaded, "too many metadata requests wait for the disk"});
    }
    requests_.push_back(std::move(request));
    if (space_ == nullptr) return pump();
    // Later in this turn: what else it asks for goes to the disk in the same write.
    if (std::exchange(gathering_, true)) return;
    home_.post(scope_.bind([this] {
      gathering_ = false;
      pump();
    }));
  }));
}

void DocumentTable::pump() {
  if (busy_ || requests_.empty()) return;
  if (!loaded_ && !failure_) {
    if (space_ != nullptr) return load();
    loaded_ = true;
  }

  Changes changes;
  std::vector<Answer> answers;
  while (!requests_.empty()) {
    Request request = std::move(requests_.front());
    requests_.pop_front();
    if (failure_) {
      answer(std::move(request), *failure_);
      continue;
    }
    std::optional<VersionedValue> now = current(request.key, changes);
    if (request.read) {
      answers.push_back({std::move(request), std::move(now)});
      continue;
    }
    if (auto error = refusal(request.precondition, request.key, now)) {
      answers.push_back({std::move(request), *std::move(error)});
      continue;
    }
    changes[request.key] = request.value;
    answers.push_back({std::move(request), std::optional<VersionedValue>()});
  }
  commit(std::move(changes), std::move(answers));
}

void DocumentTable::commit(Changes changes, std::vector<Answer> answers) {
  if (space_ == nullptr || changes.empty()) {
    return on_committed({}, std::move(changes), std::move(answers));
  }
  storage::Batch batch;
  for (const auto& [key, value] : changes) {
    if (value) {
      batch.put(row_key(key), encode_row(*value));
    } else {
      batch.erase(row_key(key));
    }
  }
  busy_ = true;
  auto outcome = std::make_shared<Result<void>>();
  home_.run_blocking(
      [space = space_, outcome, batch = std::move(batch)] { *outcome = space->write(batch); },
      scope_.bind([this, outcome, changes = std::move(changes),
                   answers = std::move(answers)]() mutable {
        busy_ = false;
        on_committed(std::move(*outcome), std::move(changes), std::move(answers));
        pump();
      }));
}

void DocumentTable::on_committed(Result<void> outcome, Changes changes,
                                 std::vector<Answer> answers) {
  if (!outcome) {
    failure_ = Error{Code::kFailed, "metadata cannot be written: " + outcome.error().describe()};
    for (Answer& each : answers) answer(std::move(each.request), *failure_);
    return;
  }
  publish(std::move(changes));
  for (Answer& each : answers) answer(std::move(each.request), std::move(each.result));
}

void DocumentTable::publish(Changes changes) {
  for (auto& [key, value] : changes) {
    if (value) {
      hub_.tell(key, *value);
      rows_[key] = *std::move(value);
    } else if (rows_.erase(key) != 0) {
      hub_.tell(key, VersionedValue{});
    }
  }
}

std::optional<VersionedValue> DocumentTable::current(const std::string& key,
                                                     const Changes& changes) const {
  if (const auto changed = changes.find(key); changed != changes.end()) return changed->second;
  if (const auto row = rows_.find(key); row != rows_.end()) return row->second;
  return std::nullopt;
}

void DocumentTable::load() {
  busy_ = true;
  auto rows = std::make_shared<Result<Rows>>(Rows());
  home_.run_blocking([space = space_, rows] { *rows = read_rows(*space); },
                     scope_.bind([this, rows] {
                       busy_ = false;
                       on_loaded(std::move(*rows));
                       pump();
                     }));
}

void DocumentTable::on_loaded(Result<Rows> rows) {
  if (rows) {
    rows_ = *std::move(rows);
    loaded_ = true;
  } else {
    failure_ = std::move(rows).error().within("reading the metadata");
  }
}

void DocumentTable::answer(Request request, Result<std::optional<VersionedValue>> result) {
  Shard& shard = request.read ? request.read.shard() : request.written.shard();
  if (request.read) {
    return send(home_, shard,
                [done = std::move(request.read), result = std::move(result)]() mutable {
                  done(std::move(result));
                });
  }
  Result<void> outcome;
  if (!result) outcome = std::move(result).error();
  send(home_, shard, [done = std::move(request.written), outcome = std::move(outcome)]() mutable {
    done(std::move(outcome));
  });
}

}  // namespace restate::metadata
