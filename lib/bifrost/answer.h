#pragma once

#include <restate/completion.h>
#include <restate/runtime.h>

#include <utility>

namespace restate::bifrost {

/// Answers after the present call has returned, as completions must.
template <class T>
void answer_later(Completion<T> done, Result<T> result) {
  Shard& shard = done.shard();
  shard.post([done = std::move(done), result = std::move(result)]() mutable {
    done(std::move(result));
  });
}

}  // namespace restate::bifrost
