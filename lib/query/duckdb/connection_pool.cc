#include "query/duckdb/connection_pool.h"

#include "query/duckdb/errors.h"
#include "query/duckdb/scan_function.h"

#include <utility>

namespace restate::query {
namespace {

/// More statements than this are rarely under way at once, and an idle connection takes memory.
constexpr std::size_t kIdleConnections = 8;

}  // namespace

ConnectionPool::Ptr ConnectionPool::take() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return nullptr;
  Ptr connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

void ConnectionPool::put(Ptr connection) {
  const auto cleaned = guarded([&]() -> Result<void> {
    // Ends the statement's transaction, if it has not ended by itself.
    connection->context->Destroy();
    forget_inputs(*connection);
    return {};
  });
  if (!cleaned) return;
  const std::lock_guard lock(mutex_);
  if (idle_.size() < kIdleConnections) idle_.push_back(std::move(connection));
}

}  // namespace restate::query
