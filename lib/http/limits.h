#pragma once

/// \file
/// Every bound and every waiting time of the HTTP module, by name.

#include <restate/time.h>

#include <cstddef>
#include <cstdint>

namespace restate::http {

using namespace std::chrono_literals;

// -- What a peer may send us --

/// Request line and headers of one HTTP/1.1 message.
inline constexpr std::size_t kMaxHeadBytes = 192 * 1024;
/// Any word is a method, up to this many letters.
inline constexpr std::size_t kMaxMethodBytes = 64;
/// The target of an HTTP/1.1 request; 414 above.
inline constexpr std::size_t kMaxTargetBytes = 65'534;
/// Announced and enforced for HTTP/2; the size counts name, value and 32 bytes per header.
inline constexpr std::size_t kMaxHeaderListBytes = 16 * 1024;
inline constexpr std::size_t kMaxHeaders = 100;
/// Request and response bodies held in memory as a whole, unless the owner says otherwise.
inline constexpr std::size_t kMaxBodyBytes = 32 * 1024 * 1024;

// -- HTTP/2, as a server --

inline constexpr std::uint32_t kServerMaxStreams = 200;
inline constexpr std::uint32_t kServerStreamWindow = 65'535;
/// A stream that uses up its window gets a larger one, up to this.
inline constexpr std::uint32_t kServerMaxStreamWindow = 2 * 1024 * 1024;
inline constexpr std::uint32_t kServerConnectionWindow = 5 * 1024 * 1024;

// -- HTTP/2, as a client --

inline constexpr std::uint32_t kClientStreamsPerConnection = 128;
/// What we assume of a peer that has not sent its SETTINGS yet.
inline constexpr std::uint32_t kClientInitialStreams = 50;
inline constexpr std::uint32_t kClientStreamWindow = 2 * 1024 * 1024;
inline constexpr std::uint32_t kClientConnectionWindow = 5 * 1024 * 1024;
/// The pool opens another connection before the last stream is taken: below this share of free
/// streams, in percent.
inline constexpr std::uint32_t kClientFreeStreamsPercent = 30;
inline constexpr std::uint32_t kMaxFrameBytes = 16 * 1024;

// -- Writing --

/// Bodies up to this size are copied next to their head; larger ones travel as slices.
inline constexpr std::size_t kCopyBytes = 1024;
/// `on_drained` is called when a stream that had more than `kHighWater` unsent has less than
/// `kLowWater`.
inline constexpr std::size_t kHighWater = 256 * 1024;
inline constexpr std::size_t kLowWater = 64 * 1024;
/// A connection collects about this much at a time, until its socket is full.
inline constexpr std::size_t kWriteBatch = 256 * 1024;
/// What is left of an unwanted request body up to this is read and thrown away, so that the
/// connection can be used again; above, it is closed.
inline constexpr std::size_t kMaxDiscardedBytes = 256 * 1024;

// -- Waiting --

inline constexpr Duration kHeadTimeout = 30s;
inline constexpr Duration kBodyTimeout = 60s;
/// How long a server that said its last word listens for the peer's, lest a reset destroys ours.
inline constexpr Duration kLingerTimeout = 2s;
inline constexpr Duration kConnectTimeout = 10s;
inline constexpr Duration kPingInterval = 40s;
inline constexpr std::uint32_t kPingJitterPercent = 20;
inline constexpr Duration kPingTimeout = 20s;
inline constexpr Duration kIdleTimeout = 300s;

}  // namespace restate::http
