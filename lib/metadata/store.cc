// The two stores are one table, with and without a disk below.

#include <restate/metadata/durable_store.h>
#include <restate/metadata/memory_store.h>

#include "metadata/document_table.h"
#include "metadata/limits.h"

namespace restate::metadata {
namespace {

void put_into(DocumentTable& table, std::string key, VersionedValue value,
              Precondition precondition, Completion<void> done) {
  std::optional<Error> error;
  if (value.version.value == 0) {
    error = Error{Code::kInvalidArgument, "writing " + key + ": version 0 means absent"};
  } else if (value.value.size() > kMaxDocumentBytes) {
    error = Error{Code::kInvalidArgument, "writing " + key + ": the document is too large"};
  }
  if (error) {
    Shard& shard = done.shard();
    return shard.post([done = std::move(done), error = *std::move(error)]() mutable {
      done(std::move(error));
    });
  }
  table.write(std::move(key), std::move(value), precondition, std::move(done));
}

}  // namespace

MemoryStore::MemoryStore(Shard& home) : table_(std::make_unique<DocumentTable>(home, nullptr)) {}
MemoryStore::~MemoryStore() = default;
void MemoryStore::get(std::string key, Completion<std::optional<VersionedValue>> done) {
  table_->get(std::move(key), std::move(done));
}
void MemoryStore::put(std::string key, VersionedValue value, Precondition precondition,
                      Completion<void> done) {
  put_into(*table_, std::move(key), std::move(value), precondition, std::move(done));
}
void MemoryStore::erase(std::string key, Precondition precondition, Completion<void> done) {
  table_->write(std::move(key), std::nullopt, precondition, std::move(done));
}
std::unique_ptr<Watch> MemoryStore::watch(std::string key, Shard& shard,
                                          Function<void(VersionedValue)> changed) {
  return table_->watch(std::move(key), shard, std::move(changed));
}

DurableStore::DurableStore(Shard& home, storage::DurableSpace& space)
    : table_(std::make_unique<DocumentTable>(home, &space)) {}
DurableStore::~DurableStore() = default;
void DurableStore::get(std::string key, Completion<std::optional<VersionedValue>> done) {
  table_->get(std::move(key), std::move(done));
}
void DurableStore::put(std::string key, VersionedValue value, Precondition precondition,
                       Completion<void> done) {
  put_into(*table_, std::move(key), std::move(value), precondition, std::move(done));
}
void DurableStore::erase(std::string key, Precondition precondition, Completion<void> done) {
  table_->write(std::move(key), std::nullopt, precondition, std::move(done));
}
std::unique_ptr<Watch> DurableStore::watch(std::string key, Shard& shard,
                                           Function<void(VersionedValue)> changed) {
  return table_->watch(std::move(key), shard, std::move(changed));
}

}  // namespace restate::metadata
