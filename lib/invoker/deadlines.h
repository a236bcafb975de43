#pragma once

/// \file
/// Many waits that are almost always called off, on one timer. Waits of the same length end in the
/// order in which they began, so each length has a list, and starting a wait anew moves it to the
/// end: no heap, no allocation, whatever number of attempts is in flight.

#include <restate/runtime.h>
#include <restate/time.h>

#include <map>
#include <memory>

namespace restate::invoker {

/// Whoever waits.
class DeadlineListener {
 public:
  /// The wait is over. The listener may die in here.
  virtual void on_deadline() = 0;

 protected:
  ~DeadlineListener() = default;
};

/// A wait that may be under way. A member of whatever waits; ends with it.
class Deadline {
 public:
  explicit Deadline(DeadlineListener& listener) : listener_(listener) {}
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

 private:
  friend class Deadlines;
  struct List {
    Deadline* first = nullptr;
    Deadline* last = nullptr;
    void append(Deadline& deadline);
    void remove(Deadline& deadline);
  };
  DeadlineListener& listener_;
  List* list_ = nullptr;
  Deadline* before_ = nullptr;
  Deadline* behind_ = nullptr;
  Instant at_;
};

/// On one shard. Must outlive its deadlines.
class Deadlines {
 public:
  explicit Deadlines(Shard& shard);
  ~Deadlines();

  /// `deadline` expires `after` from now, or up to `kDeadlineTick` later; what it waited for before
  /// is void. The listener is never called within a call into this object.
  void start(Deadline& deadline, Duration after);
  void stop(Deadline& deadline);

 private:
  void arm(Instant at);
  void expire();

  Shard& shard_;
  std::map<Duration, Deadline::List> lists_;
  std::unique_ptr<Timer> timer_;
  Instant armed_for_;
};

}  // namespace restate::invoker
