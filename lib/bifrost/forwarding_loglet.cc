#include "bifrost/forwarding_loglet.h"

namespace restate::bifrost {

class ForwardingLoglet::Remote final : public TailWatcher {
 public:
  Remote(std::shared_ptr<Loglet> target, std::shared_ptr<const std::atomic<bool>> open, Shard& to,
         std::shared_ptr<Link> link)
      : target_(std::move(target)), open_(std::move(open)), to_(to), link_(std::move(link)) {
    target_->watch(*this);
  }
  ~Remote() { target_->unwatch(*this); }

  void on_tail(const Tail& tail) override {
    to_.post_remote([link = link_, tail] {
      if (link->loglet == nullptr) return;
      TailNotifier& known = link->loglet->tail_;
      tail.sealed ? known.seal(tail.next) : known.advance(tail.next);
    });
  }
  Loglet& target() { return *target_; }
  bool open() const { return *open_; }

 private:
  std::shared_ptr<Loglet> target_;
  std::shared_ptr<const std::atomic<bool>> open_;
  Shard& to_;
  std::shared_ptr<Link> link_;
};

void ForwardingLoglet::make(Shard& owner, std::shared_ptr<Loglet> target,
                            std::shared_ptr<const std::atomic<bool>> open,
                            Completion<std::shared_ptr<Loglet>> done) {
  Shard& shard = done.shard();
  const Tail tail = target->known_tail();
  const LogletOffset trim_point = target->trim_point();
  auto link = std::make_shared<Link>();
  auto remote = std::make_shared<Remote>(std::move(target), std::move(open), shard, link);
  shard.post_remote([&shard, &owner, remote = std::move(remote), link = std::move(link), tail,
                     trim_point, done = std::move(done)]() mutable {
    std::shared_ptr<ForwardingLoglet> loglet(
        new ForwardingLoglet(shard, owner, std::move(remote), tail, trim_point));
    link->loglet = loglet.get();
    loglet->link_ = std::move(link);
    done(std::shared_ptr<Loglet>(std::move(loglet)));
  });
}

ForwardingLoglet::ForwardingLoglet(Shard& shard, Shard& owner, std::shared_ptr<Remote> remote,
                                   Tail tail, LogletOffset trim_point)
    : owner_(owner),
      remote_(std::move(remote)),
      tail_(shard, tail),
      trim_point_(trim_point) {}

ForwardingLoglet::~ForwardingLoglet() {
  if (link_) link_->loglet = nullptr;
  // The other half must die where it lives. Nothing is left to do there but that.
  owner_.post_remote([remote = std::move(remote_)] {});
}

template <class T, class F>
void ForwardingLoglet::forward(F call, Completion<T> done) {
  owner_.post_remote([&owner = owner_, remote = remote_, link = link_, call = std::move(call),
                      done = std::move(done)]() mutable {
    // The provider is gone, and with it what its loglets stand on. `done` says so when it dies.
    if (!remote->open()) return;
    Loglet& target = remote->target();
    // Weak: the loglet keeps this answer while it writes, and must not keep itself by it.
    std::weak_ptr<Remote> asked = remote;
    call(target, Completion<T>(owner, [asked = std::move(asked), link = std::move(link),
                                       done = std::move(done)](Result<T> result) mutable {
           // Every answer brings the trim point along: who is told `kTrimmed` looks at it next.
           LogletOffset trim_point{0};
           if (const auto alive = asked.lock()) trim_point = alive->target().trim_point();
           Shard& to = done.shard();
           to.post_remote([link = std::move(link), trim_point, done = std::move(done),
                           result = std::move(result)]() mutable {
             if (link->loglet != nullptr) link->loglet->note_trim_point(trim_point);
             done(std::move(result));
           });
         }));
  });
}

void ForwardingLoglet::append(SharedBatch batch, Completion<LogletOffset> done) {
  forward<LogletOffset>(
      [batch = std::move(batch)](Loglet& loglet, auto answer) mutable {
        loglet.append(std::move(batch), std::move(answer));
      },
      std::move(done));
}

void ForwardingLoglet::seal(Completion<Tail> done) {
  forward<Tail>([](Loglet& loglet, auto answer) { loglet.seal(std::move(answer)); },
                std::move(done));
}

void ForwardingLoglet::find_tail(Completion<Tail> done) {
  forward<Tail>([](Loglet& loglet, auto answer) { loglet.find_tail(std::move(answer)); },
                std::move(done));
}

void ForwardingLoglet::read(LogletOffset from, std::size_t max_bytes,
                            Completion<LogletRecords> done) {
  forward<LogletRecords>(
      [from, max_bytes](Loglet& loglet, auto answer) {
        loglet.read(from, max_bytes, std::move(answer));
      },
      std::move(done));
}

void ForwardingLoglet::trim(LogletOffset upto, Completion<LogletOffset> done) {
  forward<LogletOffset>(
      [upto](Loglet& loglet, auto answer) { loglet.trim(upto, std::move(answer)); },
      std::move(done));
}

}  // namespace restate::bifrost
