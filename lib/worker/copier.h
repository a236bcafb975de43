#pragma once

/// \file
/// Makes copies of a partition's tables while it runs: when it is asked to, and by itself after so
/// much time and so many records. Only as many as are wanted are kept.

#include "worker/context.h"
#include "worker/copy_store.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace restate::worker {

class Copier {
 public:
  /// Everything up to here is in every copy that is kept: the log before it is not needed by who
  /// restores one.
  using OnArchived = Function<void(std::uint64_t applied)>;
  /// Whether it is up to this node to make copies.
  using Leads = Function<bool()>;

  /// `space` outlives this.
  Copier(ShardContext& context, storage::PartitionSpace& space, KeyRange keys, Leads leads,
         OnArchived on_archived);
  /// A copy that is being made is given up.
  ~Copier();
  Copier(const Copier&) = delete;
  Copier& operator=(const Copier&) = delete;

  /// Looks what copies there are, then at the time.
  void start();
  /// Makes a copy of what is committed now. Who asks while one is made waits for the next one.
  void make(Completion<TableCopy> done);

 private:
  struct Job;

  void look();
  void begin();
  void run(std::shared_ptr<Job> job);
  void on_made(const Job& job);

  ShardContext& context_;
  storage::PartitionSpace& space_;
  const KeyRange keys_;
  Leads leads_;
  OnArchived on_archived_;
  std::vector<Completion<TableCopy>> waiting_;
  std::vector<Completion<TableCopy>> served_;  ///< by the copy that is being made
  std::shared_ptr<Job> job_;  ///< that the pool has
  std::uint64_t newest_ = 0;  ///< copy
  Instant made_;              ///< the newest, or when this began
  std::unique_ptr<Timer> timer_;
  Scope scope_;
};

}  // namespace restate::worker
