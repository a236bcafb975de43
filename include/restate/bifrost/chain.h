#pragma once

/// \file
/// The chain of one log: which loglet holds which positions. Changed only by compare-and-set of the
/// Logs document, so that one writer decides where a segment ends and what follows it.

#include <restate/bifrost/types.h>
#include <restate/metadata/hybrid_time.h>
#include <restate/result.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#pragma GCC visibility push(default)

namespace restate::bifrost {

/// The kind of the entry that ends a sealed chain: no loglet, but an end.
inline constexpr char kSealMarkerKind[] = "sealed";

/// One loglet in the chain of a log, or the marker that ends the chain.
struct Segment {
  Lsn base;            ///< position of the loglet's offset 1
  SegmentIndex index;  ///< counts from 0; a marker has that of the segment before it
  std::string kind;    ///< of the provider
  std::string params;  ///< the provider's own
  /// Nothing: written by a version that did not say.
  std::optional<metadata::HybridTime> created_at;

  bool operator==(const Segment&) const = default;
  bool is_marker() const { return kind == kSealMarkerKind; }  ///< an end, and no loglet
  /// The next free position of the log when the loglet's is `offset`.
  Lsn lsn_of(LogletOffset offset) const { return {base.value + offset.value - 1}; }
  /// Clamped to what an offset can say; `lsn` is not below the base.
  LogletOffset offset_of(Lsn lsn) const;
};

/// Why a chain ends, and whether for good.
struct SealMarker {
  bool permanent = false;                      ///< nobody may extend the log ever again
  WallTime sealed_at;                          ///< by the clock of whoever sealed
  std::map<std::string, std::string> context;  ///< such as `source`: who sealed it

  bool operator==(const SealMarker&) const = default;
  /// As a segment's `params`: JSON (docs/formats/metadata.md).
  std::string to_params() const;
  /// Tolerant: what it cannot read is empty.
  static SealMarker parse(const std::string& params);
};

/// A segment as seen from a position in it.
struct SegmentView {
  const Segment* segment = nullptr;  ///< owned by the chain; null: there is none
  std::optional<Lsn> end;            ///< base of its successor; nothing for the last one
};

/// Never empty. Bases and indexes grow; a marker has the index of the segment it ends.
struct Chain {
  std::vector<Segment> segments;  ///< in the order of their bases
  bool operator==(const Chain&) const = default;

  /// One empty segment from the beginning of time.
  static Chain make(std::string kind, std::string params,
                    std::optional<metadata::HybridTime> created_at);
  /// `kCorrupt` when the rules above are broken.
  Result<void> check() const;

  /// Everything below is trimmed.
  Lsn first() const { return segments.front().base; }
  /// The segment that takes appends, or the marker.
  const Segment& last() const { return segments.back(); }
  /// The segment that `lsn` belongs to; null segment when that is trimmed away.
  SegmentView find(Lsn lsn) const;
  /// The segment with this index; null segment when it left the chain. Never the marker.
  SegmentView find(SegmentIndex index) const;

  /// Adds a segment from `base` on; an empty last segment is replaced. Returns its index.
  /// - `kFailedPrecondition`: the last index is not `expected`: somebody else reconfigured the log;
  ///   or the chain is sealed for good.
  /// - `kInvalidArgument`: `base` lies inside the last segment's past, or misses the marker.
  Result<SegmentIndex> extend(SegmentIndex expected, Lsn base, std::string kind, std::string params,
                              std::optional<metadata::HybridTime> created_at);
  /// Ends the chain at `tail`. Returns where it ends: a chain that is sealed stays as it is.
  /// Errors as `extend`.
  Result<Lsn> seal(SegmentIndex expected, Lsn tail, const SealMarker& marker);
  /// Drops the segments that end at or below `until`, never the last one. Returns them.
  std::vector<Segment> trim_prefix(Lsn until);
};

}  // namespace restate::bifrost

#pragma GCC visibility pop
