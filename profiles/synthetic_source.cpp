// SPDX-License-Identifier: Apache-2.0
#include "profiles/synthetic_source.h"

#include "profiles/alias_table.h"
#include "profiles/file_error.h"
#include "profiles/placement.h"
#include "profiles/units.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace profiles {

namespace {

struct Stream {
    AccessOp op;
    double fua_share;
    std::vector<BlockShare> blocks;
    AliasTable sizes;
    Placement placement;
};

const char* op_text(AccessOp op) {
    switch (op) {
    case AccessOp::read:
        return "read";
    case AccessOp::write:
        return "write";
    case AccessOp::flush:
        return "flush";
    case AccessOp::unmap:
        return "unmap";
    case AccessOp::write_zeroes:
        return "write zeroes";
    case AccessOp::compare:
        return "compare";
    }
    return "";
}

template <typename Items, typename Value>
std::vector<double> weights_of(const Items& items, Value value) {
    std::vector<double> out;
    out.reserve(items.size());
    for (const auto& item : items) {
        out.push_back(value(item));
    }
    return out;
}

void want_whole_blocks(const WorkloadStream& stream, std::uint32_t block_bytes) {
    for (const auto& block : stream.blocks) {
        if (block.size_bytes == 0 || block.size_bytes % block_bytes != 0) {
            throw FileError(fmt::format("stream \"{}\": block size {}: wanted a multiple of the "
                                        "LUN's block of {} bytes",
                                        stream.name,
                                        size_text(block.size_bytes),
                                        block_bytes));
        }
    }
}

// The shard's own part of the stream's region, cut at multiples of the largest access.
Region own_region(const WorkloadStream& stream, const WorkingSet& set, Shard shard) {
    want_whole_blocks(stream, set.block_bytes);
    std::uint64_t largest = 1;
    for (const auto& block : stream.blocks) {
        largest = std::max(largest, block.size_bytes);
    }
    const std::uint64_t units = set.size_bytes / largest;
    const auto edge = [&](double share) {
        return static_cast<std::uint64_t>(static_cast<double>(units) * share);
    };
    const std::uint64_t first = edge(stream.locality.region_from);
    const std::uint64_t own = (edge(stream.locality.region_to) - first) / shard.count;
    const std::uint64_t zones = stream.locality.spot == Spot::append ? stream.locality.zones : 1;
    if (own < zones) {
        throw FileError(fmt::format(
            "stream \"{}\": its part of the working set ({} in all, {} lanes) holds {} blocks of "
            "{}: wanted at least {}",
            stream.name,
            size_text(set.size_bytes),
            shard.count,
            own,
            size_text(largest),
            zones));
    }
    return {set.from_bytes + (first + own * shard.index) * largest, own * largest};
}

// Of the blocks of a set that is written throughout, `duplicate_share` shall repeat another one.
// What a content brings when it first appears is no repetition: more writes than that are drawn
// from the dictionary, and it is kept small against the set.
DataReduction drawn(const Workload& workload, const WorkingSet& set) {
    DataReduction out = workload.reduction;
    std::uint64_t largest = set.block_bytes;
    for (const WorkloadStream& stream : workload.streams) {
        for (const BlockShare& block : stream.blocks) {
            largest = stream.op == AccessOp::write ? std::max(largest, block.size_bytes) : largest;
        }
    }
    const std::uint64_t blocks = std::max<std::uint64_t>(set.size_bytes / largest, 1);
    const std::uint64_t contents = std::clamp<std::uint64_t>(blocks / 100, 1, out.dictionary);
    const double first_ones = static_cast<double>(contents) / static_cast<double>(blocks);
    const double asked = out.duplicate_share;
    for (int i = 0; i < 16 && asked > 0; ++i) { // share = asked + contents that have appeared
        out.duplicate_share =
            std::min(1.0, asked + first_ones * (1 - std::exp(-out.duplicate_share / first_ones)));
    }
    out.dictionary = static_cast<std::uint32_t>(contents);
    return out;
}

class SyntheticSource : public Source {
public:
    SyntheticSource(const Workload& workload,
                    const WorkingSet& set,
                    std::uint64_t seed,
                    Shard shard)
        : mix_(weights_of(workload.streams, [](const auto& stream) { return stream.share; }))
        , flush_(workload.flush)
        , reduction_(drawn(workload, set))
        , random_(mixed(seed ^ mixed(shard.index + 1)))
        , flush_stream_(static_cast<std::uint16_t>(workload.streams.size())) {
        for (const auto& stream : workload.streams) {
            const auto share = [](const BlockShare& block) {
                return block.share;
            };
            streams_.push_back(
                {stream.op,
                 stream.fua_share,
                 stream.blocks,
                 AliasTable(weights_of(stream.blocks, share)),
                 Placement(stream.locality, own_region(stream, set, shard), stream.blocks)});
            const char* fua = stream.fua_share <= 0   ? ""
                              : stream.fua_share >= 1 ? " FUA"
                                                      : " partly FUA";
            infos_.push_back({stream.name, std::string(op_text(stream.op)) + fua});
        }
        if (flush_.every_writes > 0 || flush_.every.count() > 0) {
            infos_.push_back({"flush", "flush"});
        }
        // Timed flushes go round the shards.
        flush_step_ = flush_.every * shard.count;
        next_flush_ = flush_.every.count() > 0 ? flush_.every * (shard.index + 1) : Duration::max();
    }

    std::span<const StreamInfo> streams() const noexcept override { return infos_; }
    bool ended() const noexcept override { return false; }

protected:
    void fill(Access& out, Duration due) noexcept {
        out = Access{};
        out.id = next_id_++;
        out.due = due;
        out.stream = static_cast<std::uint16_t>(mix_.pick(random_));
        Stream& stream = streams_[out.stream];
        out.op = stream.op;
        if (stream.op == AccessOp::flush) {
            return;
        }
        const std::size_t block = stream.sizes.pick(random_);
        out.size_bytes = stream.blocks[block].size_bytes;
        out.offset_bytes = stream.placement.place(block, random_);
        if (stream.fua_share > 0) {
            out.force_unit_access = random_.chance(stream.fua_share);
        }
        if (stream.op == AccessOp::write) {
            ++writes_since_flush_;
            if (reduction_.duplicate_share > 0 && random_.chance(reduction_.duplicate_share)) {
                out.kind = Content::duplicate;
                out.content = random_.below(reduction_.dictionary);
            }
        }
    }

    bool flush_is_due(Duration now) const noexcept {
        return (flush_.every_writes > 0 && writes_since_flush_ >= flush_.every_writes) ||
               next_flush_ <= now;
    }

    void fill_flush(Access& out, Duration due) noexcept {
        out = Access{};
        out.id = next_id_++;
        out.due = due;
        out.op = AccessOp::flush;
        out.stream = flush_stream_;
        writes_since_flush_ = 0;
        while (next_flush_ <= due) {
            next_flush_ += flush_step_;
        }
    }

    Duration next_flush() const noexcept { return next_flush_; }

private:
    AliasTable mix_;
    FlushCadence flush_;
    DataReduction reduction_;
    Random random_;
    std::vector<Stream> streams_;
    std::vector<StreamInfo> infos_;
    std::uint16_t flush_stream_;
    std::uint64_t next_id_ = 0;
    std::uint64_t writes_since_flush_ = 0;
    Duration next_flush_{};
    Duration flush_step_{};
};

// A fixed number in flight: each completion releases the next access, due at that completion. A
// flush takes the place of an access.
class ClosedSource final : public SyntheticSource {
public:
    ClosedSource(const Workload& workload, const WorkingSet& set, std::uint64_t seed, Shard shard)
        : SyntheticSource(workload, set, seed, shard)
        , released_(workload.arrivals.depth / shard.count +
                    (shard.index < workload.arrivals.depth % shard.count ? 1 : 0))
        , waiting_(released_.size()) {}

    std::optional<Duration> next_due() noexcept override {
        return waiting_ > 0 ? std::optional(released_[first_]) : std::nullopt;
    }

    std::size_t take(Duration now, std::span<Access> out) noexcept override {
        std::size_t count = 0;
        while (count < out.size() && waiting_ > 0 && released_[first_] <= now) {
            const Duration due = released_[first_];
            if (flush_is_due(due)) {
                fill_flush(out[count++], due);
            } else {
                fill(out[count++], due);
            }
            first_ = first_ + 1 < released_.size() ? first_ + 1 : 0;
            --waiting_;
        }
        return count;
    }

    void completed(const AccessOutcome& outcome) noexcept override {
        const std::size_t at = first_ + waiting_;
        released_[at < released_.size() ? at : at - released_.size()] = outcome.done;
        ++waiting_;
    }

private:
    std::vector<Duration> released_; // Due instants not yet taken, the oldest at `first_`.
    std::size_t first_ = 0;
    std::size_t waiting_;
};

// Accesses due when the schedule says; flushes come on top of them.
class OpenSource final : public SyntheticSource {
public:
    OpenSource(const Workload& workload, const WorkingSet& set, std::uint64_t seed, Shard shard)
        : SyntheticSource(workload, set, seed, shard)
        , schedule_(workload.arrivals, seed, shard) {}

    std::optional<Duration> next_due() noexcept override {
        return flush_is_due(last_due_) ? last_due_ : std::min(scheduled(), next_flush());
    }

    std::size_t take(Duration now, std::span<Access> out) noexcept override {
        std::size_t count = 0;
        while (count < out.size()) {
            const Duration due = scheduled();
            if (flush_is_due(last_due_)) { // Right behind the write that made it due.
                fill_flush(out[count++], last_due_);
            } else if (next_flush() <= std::min(due, now)) {
                last_due_ = next_flush();
            } else if (due <= now) {
                fill(out[count++], due);
                last_due_ = due;
                schedule_.advance();
            } else {
                break;
            }
        }
        return count;
    }

    void completed(const AccessOutcome& /*outcome*/) noexcept override {}

private:
    Duration scheduled() const noexcept {
        return Duration(static_cast<std::int64_t>(schedule_.due_ns()));
    }

    Schedule schedule_;
    Duration last_due_{0};
};

} // namespace

void want_whole_blocks(const Workload& workload, std::uint32_t block_bytes) {
    for (const WorkloadStream& stream : workload.streams) {
        want_whole_blocks(stream, block_bytes);
    }
}

std::unique_ptr<Source>
make_source(const Workload& workload, const WorkingSet& set, std::uint64_t seed, Shard shard) {
    if (workload.arrivals.pace == Pace::closed) {
        if (workload.arrivals.depth < shard.count) {
            throw FileError(fmt::format("depth {}: wanted at least one for each of {} lanes",
                                        workload.arrivals.depth,
                                        shard.count));
        }
        return std::make_unique<ClosedSource>(workload, set, seed, shard);
    }
    return std::make_unique<OpenSource>(workload, set, seed, shard);
}

std::vector<TouchedPart>
touched_parts(const Workload& workload, const WorkingSet& set, Shard shard) {
    std::vector<TouchedPart> out;
    for (const WorkloadStream& stream : workload.streams) {
        if (stream.op == AccessOp::flush) {
            continue;
        }
        const Region own = own_region(stream, set, shard);
        const bool changed = stream.op == AccessOp::write || stream.op == AccessOp::unmap ||
                             stream.op == AccessOp::write_zeroes;
        out.push_back({own.from_bytes, own.size_bytes, changed});
    }
    return out;
}

} // namespace profiles
