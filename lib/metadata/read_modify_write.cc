#include <restate/metadata/store.h>

#include "metadata/limits.h"

#include <restate/runtime.h>

namespace restate::metadata {
namespace {

using Value = std::optional<VersionedValue>;

/// One attempt after another. It has no owner: the completion of the call under way holds it.
struct Attempts : std::enable_shared_from_this<Attempts> {
  Attempts(Store& store_, Shard& shard_, std::string key_,
           Function<Result<std::optional<Bytes>>(const Value&)> change_, Completion<Value> done_)
      : store(store_),
        shard(shard_),
        key(std::move(key_)),
        change(std::move(change_)),
        done(std::move(done_)) {}

  void read() {
    ++tries;
    store.get(key, Completion<Value>(shard, [self = shared_from_this()](Result<Value> found) {
      self->on_read(std::move(found));
    }));
  }

  void on_read(Result<Value> found) {
    if (closing()) return shut_down();
    if (!found) return on_error(std::move(found).error());
    Result<std::optional<Bytes>> next = change(*found);
    if (!next) return done(std::move(next).error());
    if (!*next) return done(*std::move(found));

    const Version old = *found ? (*found)->version : Version{};
    VersionedValue value{Version{old.value + 1}, **std::move(next)};
    const Precondition precondition =
        *found ? Precondition::matches(old) : Precondition::absent();
    store.put(key, value, precondition,
              Completion<void>(shard, [self = shared_from_this(), value](Result<void> written) {
                if (written) return self->done(Value(value));
                self->on_error(std::move(written).error());
              }));
  }

  /// A lost race means that somebody else made progress, so the next try need not wait. An unknown
  /// outcome is settled by reading again: `change` sees whether it happened.
  void on_error(Error error) {
    const bool again = error.code == Code::kFailedPrecondition || error.code == Code::kUnavailable;
    if (again && closing()) return shut_down();
    if (again && tries < kMaxTries) return read();
    done(std::move(error).within("changing " + key));
  }

  /// An answer may arrive when the store is gone already; asking it again would be too late.
  bool closing() const { return shard.unanswered_policy() == detail::Unanswered::kShutdown; }
  void shut_down() { done(Error{Code::kShutdown, "changing " + key + ": the engine is closing"}); }

  Store& store;
  Shard& shard;
  const std::string key;
  Function<Result<std::optional<Bytes>>(const Value&)> change;
  Completion<Value> done;
  int tries = 0;
};

}  // namespace

void read_modify_write(Store& store, Shard& shard, std::string key,
                       Function<Result<std::optional<Bytes>>(const Value&)> change,
                       Completion<Value> done) {
  std::make_shared<Attempts>(store, shard, std::move(key), std::move(change), std::move(done))
      ->read();
}

}  // namespace restate::metadata
