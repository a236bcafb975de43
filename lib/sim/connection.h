#pragma once

/// \file
/// A simulated TCP connection: two ends, and between them segments that travel, wait for a window,
/// and get lost with the whole stream.

#include "sim/core.h"

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

namespace restate::sim {

class SimNetwork;
class SimShard;
class SimStream;

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  static constexpr int kClient = 0, kServer = 1;

  Connection(SimNetwork& network, std::uint64_t id, SimShard& client, SimShard& server,
             std::string client_name, std::string server_name);

  /// One end's stream, to be made once.
  std::unique_ptr<Stream> make_stream(int end);

  SimShard& shard(int end) { return *ends_[end].shard; }
  const std::string& peer_name(int end) const { return ends_[1 - end].name; }
  std::size_t unsent_bytes(int end) const { return ends_[end].unsent_bytes; }
  bool broken(int end) const { return ends_[end].broken; }

  void queue(int end, ByteChain chain);
  void ask_shutdown(int end) { ends_[end].shutdown_asked = true; }
  /// Sends what the window allows.
  void transmit(int end);
  /// Tells the stream what has arrived for it, soon.
  void schedule_delivery(int end, Duration longest_delay);
  /// The stream is gone. The peer reads to the end, or hears of a break if something is missing.
  void close(int end);
  /// The process is gone, and its stream with it.
  void crash(int end);
  /// Both ends hear an error.
  void break_both();
  /// Goes on with what waited for a clogged link.
  void resume();

 private:
  struct Segment {
    enum class Kind : std::uint8_t { kData, kEnd, kReset };
    Kind kind;
    Instant arrives;
    Bytes data;
  };

  struct End {
    SimShard* shard;
    std::string name;
    SimStream* stream = nullptr;
    bool closed = false;
    bool broken = false;
    // Outgoing.
    std::deque<Bytes> unsent;
    std::size_t unsent_bytes = 0;
    bool shutdown_asked = false;
    bool end_sent = false;
    std::deque<Segment> in_flight;
    Instant last_arrival;
    bool arrival_scheduled = false;
    std::size_t window = 0;
    std::size_t unacknowledged = 0;  // of the window: under way, or not read by the peer
    std::size_t read_by_peer = 0;    // acknowledgements under way
    bool acknowledgement_scheduled = false;
    // Incoming.
    std::string received;
    bool end_received = false;
    bool end_reported = false;
    bool delivery_scheduled = false;
  };

  Core& core();
  Duration latency(int from);
  std::size_t random_part(std::size_t size);
  bool clogged(int from);
  void schedule(Instant at, int end, void (Connection::*step)(int));

  void send(int from, Segment::Kind kind, Bytes data = {});
  void schedule_arrival(int from);
  void arrive(int from);
  void accept_segment(int from, Segment segment);
  void deliver(int end);
  void acknowledge(int reader, std::size_t size);
  void schedule_acknowledgement(int writer);
  void on_acknowledgement(int writer);
  void leave(int end);

  SimNetwork& network_;
  const std::uint64_t id_;
  std::array<End, 2> ends_;
};

}  // namespace restate::sim
