// SPDX-License-Identifier: Apache-2.0
#include "profiles/file_error.h"
#include "profiles/trace/trace_workload.h"

#include <algorithm>
#include <fmt/format.h>

namespace profiles::trace {

namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::uint64_t device_gap_bytes = 1U << 20U; // Devices begin at whole mebibytes.
constexpr std::uint64_t unmap_piece_bytes = 64U << 20U;

struct Extent {
    std::uint64_t from_bytes = 0;
    std::uint64_t size_bytes = 0;
};

// Trace addresses to LUN addresses.
class Map {
public:
    Map(const TraceWorkload& workload, const WorkingSet& set)
        : remap_(workload.remap)
        , set_(set)
        , usable_bytes_(set.size_bytes / set.block_bytes * set.block_bytes) {
        for (const std::uint64_t end : workload.outline.device_ends_bytes) {
            bases_bytes_.push_back(span_bytes_);
            span_bytes_ += (end + device_gap_bytes - 1) / device_gap_bytes * device_gap_bytes;
        }
        if (usable_bytes_ < set.block_bytes) {
            throw FileError(fmt::format("{}: a working set of {} bytes: wanted a block at least",
                                        workload.file,
                                        set.size_bytes));
        }
    }

    // None: it does not fit, and nothing may be changed to make it.
    bool place(const Record& record, Extent& out) const {
        const std::uint64_t block = set_.block_bytes;
        const std::uint64_t from = bases_bytes_[record.device] + record.offset_bytes;
        const std::uint64_t first = from / block * block;
        const std::uint64_t end = (from + record.size_bytes + block - 1) / block * block;
        out.size_bytes = end - first;
        if (remap_ == Remap::none) {
            out.from_bytes = set_.from_bytes + first;
            return end <= usable_bytes_;
        }
        out.size_bytes = std::min(out.size_bytes, usable_bytes_);
        std::uint64_t at = first % usable_bytes_;
        if (remap_ == Remap::scale) {
            at = static_cast<std::uint64_t>(Wide{first} * usable_bytes_ /
                                            std::max(span_bytes_, std::uint64_t{1}));
        }
        // What would cross the end ends there.
        at = std::min(at / block * block, usable_bytes_ - out.size_bytes);
        out.from_bytes = set_.from_bytes + at;
        return true;
    }

private:
    Remap remap_;
    WorkingSet set_;
    std::uint64_t usable_bytes_;
    std::vector<std::uint64_t> bases_bytes_;
    std::uint64_t span_bytes_ = 0;
};

class TraceSource final : public Source {
public:
    TraceSource(const TraceWorkload& workload, const Trace& trace, const Map& map, Shard shard)
        : streams_(workload.outline.streams)
        , repeat_(workload.repeat)
        , piece_bytes_(workload.piece_bytes) {
        const Duration first = trace.records.front().at;
        const double gap_ns = workload.rate_per_s > 0 ? 1e9 / workload.rate_per_s : 0;
        for (std::size_t i = shard.index; i < trace.records.size(); i += shard.count) {
            const Record& record = trace.records[i];
            const double at_ns = workload.outline.timed
                                     ? static_cast<double>((record.at - first).count())
                                     : static_cast<double>(i) * gap_ns;
            Step step;
            step.at = Duration(static_cast<std::int64_t>(at_ns / workload.speed));
            step.stream = stream_of(record);
            step.op = record.op;
            step.force_unit_access = record.force_unit_access;
            if (record.op != AccessOp::flush && !map.place(record, step.extent)) {
                throw FileError(fmt::format(
                    "{}: access {} (from {} on, {} bytes) lies outside the working set: wanted "
                    "\"modulo\" or \"scale\" as remap, or a larger one",
                    workload.file,
                    i + 1,
                    record.offset_bytes,
                    record.size_bytes));
            }
            steps_.push_back(step);
        }
        // A repetition begins one mean gap after the last access.
        const auto count = static_cast<std::int64_t>(trace.records.size());
        const Duration length = length_of(workload);
        period_ = std::max(length + length / count, Duration(1000));
    }

    std::span<const StreamInfo> streams() const noexcept override { return streams_; }
    bool ended() const noexcept override { return next_ == steps_.size(); }

    std::optional<Duration> next_due() noexcept override {
        return ended() ? std::nullopt : std::optional(steps_[next_].at + pass_from_);
    }

    std::size_t take(Duration now, std::span<Access> out) noexcept override {
        std::size_t count = 0;
        while (count < out.size() && !ended() && steps_[next_].at + pass_from_ <= now) {
            fill(out[count++]);
        }
        return count;
    }

    void completed(const AccessOutcome& /*outcome*/) noexcept override {}

private:
    struct Step {
        Duration at{0};
        Extent extent;
        std::uint16_t stream = 0;
        AccessOp op = AccessOp::read;
        bool force_unit_access = false;
    };

    std::uint16_t stream_of(const Record& record) const {
        const char* name = record.op == AccessOp::read    ? "read"
                           : record.op == AccessOp::unmap ? "unmap"
                           : record.op == AccessOp::flush ? "flush"
                           : record.force_unit_access     ? "write FUA"
                                                          : "write";
        const auto found = std::find_if(
            streams_.begin(), streams_.end(), [&](const auto& one) { return one.name == name; });
        return static_cast<std::uint16_t>(found - streams_.begin());
    }

    // One piece of the step at next_; the last one moves on.
    void fill(Access& out) noexcept {
        const Step& step = steps_[next_];
        out = Access{};
        out.id = next_id_++;
        out.due = step.at + pass_from_;
        out.stream = step.stream;
        out.op = step.op;
        out.force_unit_access = step.force_unit_access;
        out.offset_bytes = step.extent.from_bytes + piece_from_;
        const std::uint64_t most = out.op == AccessOp::unmap ? unmap_piece_bytes : piece_bytes_;
        out.size_bytes = std::min(step.extent.size_bytes - piece_from_, most);
        piece_from_ += out.size_bytes;
        if (piece_from_ < step.extent.size_bytes) {
            return;
        }
        piece_from_ = 0;
        ++next_;
        if (ended() && repeat_ && !steps_.empty()) {
            next_ = 0;
            pass_from_ += period_;
        }
    }

    std::vector<StreamInfo> streams_;
    std::vector<Step> steps_;
    bool repeat_;
    std::uint64_t piece_bytes_;
    Duration period_{0};
    Duration pass_from_{0};
    std::size_t next_ = 0;
    std::uint64_t piece_from_ = 0;
    std::uint64_t next_id_ = 0;
};

} // namespace

std::unique_ptr<Source>
make_trace_source(const TraceWorkload& workload, const WorkingSet& set, Shard shard) {
    const Trace trace = read_trace(workload);
    const Outline outline = outline_of(trace);
    if (outline.accesses != workload.outline.accesses ||
        outline.device_ends_bytes != workload.outline.device_ends_bytes ||
        outline.streams.size() != workload.outline.streams.size()) {
        throw FileError(
            fmt::format("{}: wanted the trace that it was when it was first read", workload.file));
    }
    if (!outline.timed && workload.rate_per_s <= 0) {
        throw FileError(fmt::format("{}: has no instants: wanted a rate", workload.file));
    }
    return std::make_unique<TraceSource>(workload, trace, Map(workload, set), shard);
}

} // namespace profiles::trace
