#include "checked_store.h"

#include <string>

namespace sim {

using namespace restate;

namespace {

constexpr std::size_t kRowsPerCommit = 48;

}  // namespace

Result<void> CheckedStore::commit(std::span<const storage::Commit> commits) {
  RESTATE_TRY_VOID(tables_.commit(commits));
  if (broken_) return {};
  for (const storage::Commit& commit : commits) look(commit);
  return {};
}

void CheckedStore::look(const storage::Commit& commit) {
  Watched& watched = watched_[commit.space->partition()];
  watched.saved += kRowsPerCommit;
  if (watched.saved < watched.rows) return;
  watched.saved = 0;
  watched.rows = 0;
  storage::RowCallback count([&](std::string_view, std::string_view) { return ++watched.rows > 0; });
  Result<void> held = commit.space->scan("", "", count);
  if (held) held = watched.checker.observe(*commit.space);
  if (held || broken_) return;
  broken_ = std::move(held).error().within(
      "partition " + std::to_string(commit.space->partition().value) + " after LSN " +
      std::to_string(commit.position.value));
}

}  // namespace sim
