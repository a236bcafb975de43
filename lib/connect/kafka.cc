#include "connect/kafka.h"

#include "connect/kafka_session.h"

#include <restate/kafka.h>

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <thread>

namespace restate::connect {
namespace {

class LinkedConsumer final : public kafka::Consumer {
 public:
  explicit LinkedConsumer(std::shared_ptr<KafkaLink> link) : link_(std::move(link)) {}
  ~LinkedConsumer() override {
    link_->listener = nullptr;
    link_->stop.store(true);
    link_->wake();
  }

  void done(kafka::Assignment assignment, std::int64_t offset, std::size_t bytes) override {
    bool first = false;
    {
      const std::lock_guard lock(link_->mutex);
      first = link_->done.empty();
      link_->done.push_back({assignment, offset, bytes});
    }
    if (first) link_->wake();
  }

 private:
  std::shared_ptr<KafkaLink> link_;
};

class ThreadedConnector final : public kafka::Connector {
 public:
  ~ThreadedConnector() override {
    for (Worker& worker : workers_) {
      worker.link->stop.store(true);
      worker.link->wake();
    }
    for (Worker& worker : workers_) worker.thread.join();
  }

  std::unique_ptr<kafka::Consumer> open(Shard& shard, kafka::ConsumerOptions options,
                                        kafka::Listener& listener) override {
    auto link = std::make_shared<KafkaLink>(shard);
    link->listener = &listener;
    auto finished = std::make_shared<std::atomic<bool>>(false);
    // The threads of a guest see no signals; those of librdkafka are born by this one.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    std::thread thread([link, finished, options = std::move(options)]() mutable {
      pthread_setname_np(pthread_self(), "restate-kafka");
      KafkaSession(std::move(link), std::move(options)).run();
      finished->store(true);
    });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);

    const std::lock_guard lock(mutex_);
    std::erase_if(workers_, [](Worker& worker) {
      if (!worker.finished->load()) return false;
      worker.thread.join();
      return true;
    });
    workers_.push_back({link, std::move(finished), std::move(thread)});
    return std::make_unique<LinkedConsumer>(std::move(link));
  }

 private:
  struct Worker {
    std::shared_ptr<KafkaLink> link;
    std::shared_ptr<std::atomic<bool>> finished;
    std::thread thread;
  };

  std::mutex mutex_;
  std::vector<Worker> workers_;  ///< under the mutex: shards open consumers on their own
};

}  // namespace

std::unique_ptr<kafka::Connector> make_kafka_connector() {
  return std::make_unique<ThreadedConnector>();
}

}  // namespace restate::connect

namespace restate {

std::function<std::unique_ptr<kafka::Connector>()> librdkafka() {
  return connect::make_kafka_connector;
}

}  // namespace restate
