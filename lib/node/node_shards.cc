#include "node/node_impl.h"

#include <restate/log.h>

#include <algorithm>

// What a node does with all of its shards.

namespace restate::node {
namespace {

using namespace std::chrono_literals;

constexpr Duration kReadyPoll = 5ms;

}  // namespace

void Node::Impl::build(const Joined& joined) {
  std::vector<Shard*> shards;
  for (std::uint32_t i = 0; i < parts_.runtime.shard_count(); ++i) {
    shards.push_back(&parts_.runtime.shard(i));
  }
  shared_ = std::make_unique<NodeShared>(config_, shards);
  shared_->controlled_idempotent_sharding = joined.controlled_idempotent_sharding;
  shared_->cluster_fingerprint = joined.cluster_fingerprint;
  if (joined.controlled_idempotent_sharding == config_.legacy_idempotent_sharding) {
    home_.log().warn("node",
                     "disable-controlled-idempotent-sharding has no effect: the cluster was made "
                     "with another setting, which its ids depend on",
                     {{"in effect", joined.controlled_idempotent_sharding ? "false" : "true"}});
  }
  std::vector<worker::Router::Route> routes;
  plans_.resize(shards.size());
  for (const auto& [id, partition] : joined.partitions.partitions) {
    Shard* shard = shards[id.value % shards.size()];
    routes.push_back({partition.keys, id, shard, nullptr});
    plans_[shard->index()].push_back(
        {id, partition.keys, bifrost::LogId{joined.partitions.log_of(id)}});
  }
  router_ = std::make_unique<worker::Router>(std::move(routes));
  id_ = joined.node;
  shards_.resize(shards.size());
}

void Node::Impl::on_shard(std::size_t index, Function<void(ShardNode&)> task) {
  parts_.runtime.shard(static_cast<std::uint32_t>(index))
      .post_remote([self = shared_from_this(), index, task = std::move(task)]() mutable {
        if (self->shards_[index]) task(*self->shards_[index]);
      });
}

void Node::Impl::on_every_shard(Function<void(std::size_t, Completion<void>)> ask,
                                Function<void(Result<void>)> then) {
  struct Round {
    std::size_t left;
    std::optional<Error> failure;
    Function<void(std::size_t, Completion<void>)> ask;
    Function<void(Result<void>)> then;
  };
  auto round = std::make_shared<Round>(
      Round{shards_.size(), {}, std::move(ask), std::move(then)});
  auto heard = bind([round](Result<void> answer) {
    if (!answer && !round->failure) round->failure = std::move(answer).error();
    if (--round->left > 0) return;
    auto next = std::move(round->then);
    if (round->failure) return next(*round->failure);
    next(Result<void>());
  });
  for (std::uint32_t i = 0; i < shards_.size(); ++i) {
    Shard& shard = parts_.runtime.shard(i);
    shard.post_remote([this, i, &shard, round, heard, self = shared_from_this()]() mutable {
      round->ask(i, Completion<void>(shard, [this, heard, self](Result<void> answer) mutable {
                   home_.post_remote([heard, answer = std::move(answer)]() mutable {
                     heard(std::move(answer));
                   });
                 }));
    });
  }
}

void Node::Impl::start_shards(Completion<BoundAddresses> done) {
  on_every_shard(
      [this](std::size_t i, Completion<void> made) {
        shards_[i] = std::make_unique<ShardNode>(
            parts_.runtime.shard(static_cast<std::uint32_t>(i)), parts_, config_, id_, *shared_,
            *router_, [this](const Error& error) { on_failed(error); });
        made(Result<void>());
      },
      [this, done = std::move(done)](Result<void> made) mutable {
        if (!made) return done(std::move(made).error());
        start_registry(std::move(done));
      });
}

void Node::Impl::stop_shards(Completion<void> done) {
  if (shards_.empty()) {
    home_.post([done = std::move(done)]() mutable { done(Result<void>()); });
    return;
  }
  on_every_shard(
      [this](std::size_t i, Completion<void> stopped) {
        if (!shards_[i]) return stopped(Result<void>());
        Shard& shard = stopped.shard();
        shards_[i]->stop(Completion<void>(
            shard, [this, i, &shard, stopped = std::move(stopped)](Result<void>) mutable {
              // After this callback has returned: it came out of the object that goes now.
              shard.post([this, i, stopped = std::move(stopped)]() mutable {
                shards_[i].reset();
                stopped(Result<void>());
              });
            }));
      },
      bind([this, done = std::move(done)](Result<void>) mutable {
        leave_providers(std::move(done));
      }));
}

void Node::Impl::leave_providers(Completion<void> done) {
  on_every_shard(
      [this](std::size_t, Completion<void> left) {
        for (const auto& [kind, provider] : parts_.providers) provider->leave(left.shard());
        left(Result<void>());
      },
      [done = std::move(done)](Result<void>) mutable { done(Result<void>()); });
}

void Node::Impl::copy_tables(Completion<std::vector<worker::TableCopy>> done) {
  auto copies = std::make_shared<std::vector<worker::TableCopy>>();
  on_every_shard(
      [this, copies](std::size_t i, Completion<void> copied) {
        if (!shards_[i]) return copied(Error{Code::kShutdown, "the node stops"});
        shards_[i]->copy_tables(Completion<std::vector<worker::TableCopy>>(
            shards_[i]->shard(),
            [this, copies, copied = std::move(copied), self = shared_from_this()](
                Result<std::vector<worker::TableCopy>> some) mutable {
              if (!some) return copied(std::move(some).error());
              // Before the answer, which takes the same way.
              home_.post_remote([copies, some = *std::move(some)] {
                copies->insert(copies->end(), some.begin(), some.end());
              });
              copied(Result<void>());
            }));
      },
      [copies, done = std::move(done)](Result<void> all) mutable {
        if (!all) return done(std::move(all).error());
        done(std::move(*copies));
      });
}

void Node::Impl::collect(query::Needs needs, Completion<query::InputsPtr> done) {
  auto found = std::make_shared<std::vector<std::vector<query::PartitionInput>>>(shards_.size());
  on_every_shard(
      [this, needs, found](std::size_t i, Completion<void> collected) {
        if (!needs.rows && !needs.live) return collected(Result<void>());
        if (!shards_[i]) return collected(Error{Code::kShutdown, "the node stops"});
        collected(shards_[i]->collect(plans_[i], needs, (*found)[i]));
      },
      [this, found, only = needs.only, done = std::move(done)](Result<void> collected) mutable {
        if (!collected) return done(std::move(collected).error());
        if (!shards_[0]) return done(Error{Code::kShutdown, "the node stops"});
        auto inputs = std::make_shared<query::Inputs>();
        for (auto& partitions : *found) {
          std::move(partitions.begin(), partitions.end(), std::back_inserter(inputs->partitions));
        }
        std::sort(inputs->partitions.begin(), inputs->partitions.end(),
                  [](const auto& a, const auto& b) { return a.keys.first < b.keys.first; });
        inputs->schema = shards_[0]->schema().current();
        inputs->rules = shards_[0]->rules().current();
        inputs->at = home_.wall_now();
        inputs->only = std::move(only);
        done(query::InputsPtr(std::move(inputs)));
      });
}

void Node::Impl::watch_leaders() {
  poll_timer_ = home_.make_timer([this] { poll_leaders(); });
  poll_leaders();
}

void Node::Impl::poll_leaders() {
  auto answers = std::make_shared<std::pair<std::size_t, bool>>(shards_.size(), true);
  auto collect = bind([this, answers](bool leads) {
    answers->second = answers->second && leads;
    if (--answers->first == 0) on_polled(answers->second);
  });
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    on_shard(i, [this, collect](ShardNode& node) mutable {
      home_.post_remote([collect, leads = node.leads_all()]() mutable { collect(leads); });
    });
  }
}

void Node::Impl::on_polled(bool leads) {
  if (stopping_) return;
  if (leads != ready_) {
    ready_ = leads;
    for (std::size_t i = 0; i < shards_.size(); ++i) {
      on_shard(i, [leads](ShardNode& node) { node.set_ready(leads); });
    }
    if (leads) {
      for (auto& waiting : std::exchange(waiting_for_ready_, {})) {
        home_.post([waiting = std::move(waiting)]() mutable { waiting(Result<void>()); });
      }
    }
  }
  if (ready_ && config_.rest_when_idle) return;
  const Duration wait = ready_ ? Duration(milliseconds(config_.status_interval_ms)) : kReadyPoll;
  poll_timer_->arm(home_.now() + wait);
}

}  // namespace restate::node
