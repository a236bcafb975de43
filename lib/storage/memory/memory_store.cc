#include "common/visibility.h"
#include "storage/format_stamp.h"
#include "storage/memory/delays.h"
#include "storage/memory/image.h"

#include <restate/runtime.h>
#include <restate/testing/mutation.h>

#include <atomic>

namespace restate::storage {

/// Shared by a store and its spaces.
struct RESTATE_HIDDEN MemoryStoreState {
  explicit MemoryStoreState(std::shared_ptr<MemoryDisk::Image> d) : disk(std::move(d)) {}

  std::shared_ptr<MemoryDisk::Image> disk;
  Delays delays;
  std::atomic<bool> failed = false;

  Result<void> check() const {
    if (!failed) return {};
    return Error{Code::kFailed, "the store failed before and must be opened anew"};
  }
};

namespace {

class MemorySnapshot final : public Snapshot {
 public:
  explicit MemorySnapshot(RowTree rows) : rows_(std::move(rows)) {}

  Result<std::optional<Bytes>> get(std::string_view key) const override { return rows_.get(key); }
  Result<void> scan(std::string_view lower, std::string_view upper,
                    RowVisitor& visitor) const override {
    rows_.scan(lower, upper, visitor);
    return {};
  }
  Result<void> scan_reverse(std::string_view lower, std::string_view upper,
                            RowVisitor& visitor) const override {
    rows_.scan_reverse(lower, upper, visitor);
    return {};
  }

 private:
  const RowTree rows_;
};

class MemorySpace final : public PartitionSpace {
 public:
  MemorySpace(std::shared_ptr<MemoryStoreState> store, std::shared_ptr<SpaceImage> image,
              PartitionId partition, Shard& shard)
      : store_(std::move(store)), image_(std::move(image)), partition_(partition), shard_(shard) {}

  ~MemorySpace() override {
    const std::lock_guard lock(store_->disk->mutex);
    image_->open = false;
  }

  Shard& shard() const { return shard_; }
  SpaceImage& image() { return *image_; }

  Result<std::optional<Bytes>> get(std::string_view key) const override {
    return image_->rows.get(key);
  }
  Result<void> scan(std::string_view lower, std::string_view upper,
                    RowVisitor& visitor) const override {
    image_->rows.scan(lower, upper, visitor);
    return {};
  }
  Result<void> scan_reverse(std::string_view lower, std::string_view upper,
                            RowVisitor& visitor) const override {
    image_->rows.scan_reverse(lower, upper, visitor);
    return {};
  }

  PartitionId partition() const override { return partition_; }
  std::unique_ptr<const Snapshot> snapshot() const override {
    return std::make_unique<MemorySnapshot>(image_->rows);
  }
  Position durable() const override {
    if (RESTATE_MUTATION("storage/durable-too-early")) return image_->committed;
    return image_->durable.position;
  }
  Position committed() const override { return image_->committed; }
  std::size_t unflushed_bytes() const override {
    std::size_t bytes = 0;
    for (const SpaceImage::Version& version : image_->unflushed) bytes += version.bytes;
    return bytes;
  }

  void write_local(const Batch& batch, Completion<void> done) override {
    image_->commit(batch, image_->committed, store_->disk->options.crashes);
    flush(std::move(done));
  }

  void flush(Completion<void> done) override {
    Duration delay{0};
    {
      const std::lock_guard lock(store_->disk->mutex);
      delay = store_->disk->sync_time(shard_.random());
    }
    store_->delays.run_after(shard_, delay,
                             [disk = store_->disk, store = std::weak_ptr(store_), image = image_,
                              upto = committed(), done = std::move(done)]() mutable {
                               const auto alive = store.lock();
                               if (alive && alive->failed) return done(alive->check());
                               Result<void> synced;
                               {
                                 const std::lock_guard lock(disk->mutex);
                                 synced = disk->sync("flushing a partition");
                               }
                               if (synced) image->flushed(upto);
                               if (!synced && alive) alive->failed = true;
                               done(std::move(synced));
                             });
  }

 private:
  std::shared_ptr<MemoryStoreState> store_;
  std::shared_ptr<SpaceImage> image_;
  const PartitionId partition_;
  Shard& shard_;
};

class MemoryDurableSpace final : public DurableSpace {
 public:
  MemoryDurableSpace(std::shared_ptr<MemoryDisk::Image> disk, std::string name)
      : disk_(std::move(disk)), name_(std::move(name)) {}

  Result<std::optional<Bytes>> get(std::string_view key) const override { return rows().get(key); }
  Result<void> scan(std::string_view lower, std::string_view upper,
                    RowVisitor& visitor) const override {
    rows().scan(lower, upper, visitor);
    return {};
  }
  Result<void> scan_reverse(std::string_view lower, std::string_view upper,
                            RowVisitor& visitor) const override {
    rows().scan_reverse(lower, upper, visitor);
    return {};
  }

  Result<void> write(const Batch& batch) override {
    const std::lock_guard lock(disk_->mutex);
    if (failed_) {
      return Error{Code::kFailed, "writing to " + name_ + ": an earlier write failed"};
    }
    auto synced = disk_->sync("writing to " + name_);
    failed_ = !synced;
    if (failed_) return synced;
    RowTree& rows = disk_->durable_spaces[name_];
    for (const Batch::Operation& op : batch.operations()) {
      if (op.erase) {
        rows.erase(batch.key(op));
      } else {
        rows.put(batch.key(op), batch.value(op));
      }
    }
    return {};
  }

 private:
  RowTree rows() const {
    const std::lock_guard lock(disk_->mutex);
    return disk_->durable_spaces[name_];
  }

  std::shared_ptr<MemoryDisk::Image> disk_;
  const std::string name_;
  bool failed_ = false;
};

}  // namespace

MemoryStore::MemoryStore(MemoryDisk& disk)
    : state_(std::make_shared<MemoryStoreState>(disk.image())) {}

MemoryStore::~MemoryStore() = default;

Result<void> MemoryStore::claim(const StoreOwner& owner) {
  RESTATE_TRY_VOID(state_->check());
  const std::lock_guard lock(state_->disk->mutex);
  std::optional<StoreOwner>& known = state_->disk->owner;
  if (!known) known = owner;
  if (*known == owner) return {};
  return foreign_tables("in memory", *known, owner);
}

Result<std::unique_ptr<PartitionSpace>> MemoryStore::open(PartitionId partition, Shard& shard) {
  RESTATE_TRY_VOID(state_->check());
  const std::lock_guard lock(state_->disk->mutex);
  auto& image = state_->disk->spaces[partition.value];
  if (image == nullptr) image = std::make_shared<SpaceImage>();
  if (image->open) {
    return Error{Code::kAlreadyExists,
                 "opening partition " + std::to_string(partition.value) + ": it is open already"};
  }
  image->open = true;
  return std::unique_ptr<PartitionSpace>(
      std::make_unique<MemorySpace>(state_, image, partition, shard));
}

Result<void> MemoryStore::commit(std::span<const Commit> commits) {
  RESTATE_TRY_VOID(state_->check());
  if (commits.empty()) return {};
  Shard& shard = static_cast<MemorySpace&>(*commits.front().space).shard();
  if (shard.fault("storage/commit/overloaded")) {
    return Error{Code::kOverloaded, "committing: the store is busy with itself"};
  }
  const bool crashes = state_->disk->options.crashes;
  for (const Commit& commit : commits) {
    SpaceImage& image = static_cast<MemorySpace&>(*commit.space).image();
    RESTATE_ASSERT(commit.position >= image.committed, "positions of a partition only grow");
    image.commit(*commit.batch, commit.position, crashes);
    if (crashes && shard.fault("storage/flush/early")) image.flushed(commit.position);
  }
  return {};
}

Result<void> MemoryStore::drop(PartitionId partition) {
  RESTATE_TRY_VOID(state_->check());
  const std::lock_guard lock(state_->disk->mutex);
  auto found = state_->disk->spaces.find(partition.value);
  if (found == state_->disk->spaces.end()) return {};
  if (found->second->open) {
    return Error{Code::kFailedPrecondition,
                 "dropping partition " + std::to_string(partition.value) + ": it is open"};
  }
  state_->disk->spaces.erase(found);
  return {};
}

Result<void> MemoryStore::close() {
  RESTATE_TRY_VOID(state_->check());
  const std::lock_guard lock(state_->disk->mutex);
  for (auto& [partition, image] : state_->disk->spaces) {
    auto synced = state_->disk->sync("closing the store");
    if (!synced) return synced;
    image->flushed(image->committed);
  }
  return {};
}

std::unique_ptr<DurableSpace> open_memory_durable_space(MemoryDisk& disk, std::string name) {
  return std::make_unique<MemoryDurableSpace>(disk.image(), std::move(name));
}

}  // namespace restate::storage
