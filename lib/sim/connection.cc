#include "sim/connection.h"

#include "common/hash.h"
#include "sim/sim_network.h"
#include "sim/sim_node.h"
#include "sim/sim_shard.h"
#include "sim/sim_stream.h"

#include <algorithm>

namespace restate::sim {
namespace {

constexpr Duration kReadDelay = std::chrono::microseconds(10);
constexpr std::size_t kSmallestWindow = 16 * 1024;
constexpr std::size_t kLargestWindow = 256 * 1024;
constexpr std::size_t kLargestRead = 64 * 1024;

}  // namespace

Connection::Connection(SimNetwork& network, std::uint64_t id, SimShard& client, SimShard& server,
                       std::string client_name, std::string server_name)
    : network_(network), id_(id) {
  ends_[kClient].shard = &client;
  ends_[kClient].name = std::move(client_name);
  ends_[kServer].shard = &server;
  ends_[kServer].name = std::move(server_name);
  for (End& end : ends_) {
    end.window = kSmallestWindow + core().random().below(kLargestWindow - kSmallestWindow);
  }
}

Core& Connection::core() { return network_.core(); }

std::unique_ptr<Stream> Connection::make_stream(int end) {
  auto stream = std::make_unique<SimStream>(shared_from_this(), end);
  ends_[end].stream = stream.get();
  return stream;
}

Duration Connection::latency(int from) {
  return network_.latency(ends_[from].shard->node(), ends_[1 - from].shard->node());
}

bool Connection::clogged(int from) {
  return network_.clogged(ends_[from].shard->node(), ends_[1 - from].shard->node());
}

void Connection::schedule(Instant at, int end, void (Connection::*step)(int)) {
  // Events of the network belong to no node: a crash does not stop what is on the wire.
  core().schedule(at, kNoNode, [weak = weak_from_this(), end, step] {
    if (const auto self = weak.lock()) ((*self).*step)(end);
  });
}

std::size_t Connection::random_part(std::size_t size) {
  // Data may be cut anywhere, between any two bytes, and a parser must not notice.
  switch (core().random().below(8)) {
    case 0:
      return 1 + core().random().below(std::min<std::size_t>(size, 16));
    case 1:
    case 2:
      return 1 + core().random().below(size);
    default:
      return size;
  }
}

void Connection::queue(int end, ByteChain chain) {
  for (Bytes& piece : chain) {
    if (piece.empty()) continue;
    ends_[end].unsent_bytes += piece.size();
    ends_[end].unsent.push_back(std::move(piece));
  }
}

void Connection::transmit(int end) {
  End& from = ends_[end];
  if (from.broken || from.closed) return;
  while (!from.unsent.empty() && from.unacknowledged < from.window) {
    Bytes& piece = from.unsent.front();
    std::size_t size = std::min(piece.size(), from.window - from.unacknowledged);
    size = random_part(size);
    Bytes sent = piece.slice(0, size);
    piece = piece.slice(size);
    if (piece.empty()) from.unsent.pop_front();
    from.unsent_bytes -= size;
    from.unacknowledged += size;
    send(end, Segment::Kind::kData, std::move(sent));
  }
  if (from.unsent.empty() && from.shutdown_asked && !from.end_sent) {
    from.end_sent = true;
    send(end, Segment::Kind::kEnd);
  }
}

void Connection::send(int from, Segment::Kind kind, Bytes data) {
  End& sender = ends_[from];
  // Within a stream nothing overtakes.
  sender.last_arrival = std::max(sender.last_arrival, core().now() + latency(from));
  sender.in_flight.push_back({kind, sender.last_arrival, std::move(data)});
  schedule_arrival(from);
}

void Connection::schedule_arrival(int from) {
  End& sender = ends_[from];
  if (sender.arrival_scheduled || sender.in_flight.empty()) return;
  sender.arrival_scheduled = true;
  schedule(sender.in_flight.front().arrives, from, &Connection::arrive);
}

void Connection::arrive(int from) {
  End& sender = ends_[from];
  sender.arrival_scheduled = false;
  if (clogged(from)) return;  // `resume` goes on
  while (!sender.in_flight.empty() && sender.in_flight.front().arrives <= core().now()) {
    Segment segment = std::move(sender.in_flight.front());
    sender.in_flight.pop_front();
    accept_segment(from, std::move(segment));
  }
  schedule_arrival(from);
}

void Connection::accept_segment(int from, Segment segment) {
  const int to = 1 - from;
  End& receiver = ends_[to];
  if (receiver.closed) {
    // Nobody reads this any more, as the sender shall hear.
    if (segment.kind == Segment::Kind::kData) send(to, Segment::Kind::kReset);
    return;
  }
  switch (segment.kind) {
    case Segment::Kind::kData:
      if (network_.breaks_now()) return break_both();
      receiver.received.append(segment.data.view());
      break;
    case Segment::Kind::kEnd:
      receiver.end_received = true;
      break;
    case Segment::Kind::kReset:
      receiver.broken = true;
      break;
  }
  schedule_delivery(to, kReadDelay);
}

void Connection::schedule_delivery(int end, Duration longest_delay) {
  End& receiver = ends_[end];
  if (receiver.delivery_scheduled || receiver.closed) return;
  receiver.delivery_scheduled = true;
  schedule(core().now() + core().between({}, longest_delay), end, &Connection::deliver);
}

void Connection::deliver(int end) {
  End& receiver = ends_[end];
  receiver.delivery_scheduled = false;
  if (receiver.closed || receiver.stream == nullptr || !receiver.stream->reads()) return;
  const Instant awake = receiver.shard->node().awake_at();
  if (core().now() < awake) return schedule_delivery(end, awake - core().now());

  // Each way out calls the listener last: it may destroy the stream.
  if (!receiver.received.empty()) {
    std::size_t size = std::min(receiver.received.size(), kLargestRead);
    size = random_part(size);
    const std::string data = receiver.received.substr(0, size);
    receiver.received.erase(0, size);
    core().mix(xxh3_64(data));
    acknowledge(end, size);
    schedule_delivery(end, kReadDelay);
    return receiver.stream->tell_data(data);
  }
  if (receiver.broken) return receiver.stream->fail();
  if (receiver.end_received && !receiver.end_reported) {
    receiver.end_reported = true;
    receiver.stream->tell_end();
  }
}

void Connection::acknowledge(int reader, std::size_t size) {
  ends_[1 - reader].read_by_peer += size;
  schedule_acknowledgement(1 - reader);
}

void Connection::schedule_acknowledgement(int writer) {
  End& sender = ends_[writer];
  if (sender.acknowledgement_scheduled || sender.read_by_peer == 0) return;
  sender.acknowledgement_scheduled = true;
  schedule(core().now() + latency(1 - writer), writer, &Connection::on_acknowledgement);
}

void Connection::on_acknowledgement(int writer) {
  End& sender = ends_[writer];
  sender.acknowledgement_scheduled = false;
  if (clogged(1 - writer)) return;  // `resume` goes on
  sender.unacknowledged -= sender.read_by_peer;
  sender.read_by_peer = 0;
  transmit(writer);
  if (sender.stream != nullptr) sender.stream->on_progress();
}

void Connection::close(int end) {
  End& closing = ends_[end];
  if (closing.closed) return;
  const bool something_missing = closing.unsent_bytes > 0 || !closing.received.empty();
  if (closing.broken) {
    // The peer knows.
  } else if (something_missing) {
    send(end, Segment::Kind::kReset);
  } else if (!closing.end_sent) {
    send(end, Segment::Kind::kEnd);
  }
  leave(end);
}

void Connection::crash(int end) {
  if (ends_[end].closed) return;
  if (ends_[end].stream != nullptr) ends_[end].stream->on_crash();
  send(end, Segment::Kind::kReset);
  leave(end);
}

void Connection::leave(int end) {
  End& leaving = ends_[end];
  leaving.closed = true;
  leaving.stream = nullptr;
  leaving.unsent.clear();
  leaving.unsent_bytes = 0;
  leaving.received.clear();
  if (ends_[1 - end].closed) network_.remove(id_);
}

void Connection::break_both() {
  for (int end = 0; end < 2; ++end) {
    ends_[end].broken = true;
    ends_[end].in_flight.clear();
    schedule_delivery(end, kReadDelay);
  }
}

void Connection::resume() {
  for (int end = 0; end < 2; ++end) {
    schedule_arrival(end);
    schedule_acknowledgement(end);
  }
}

}  // namespace restate::sim
