// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/packed_streams.h"

#include "bench/egress/canary_view.h"

namespace bench::egress {

namespace {

constexpr std::size_t unpackers_per_view = 4;
constexpr std::uint64_t unpackers_max = 256;
constexpr std::size_t put_by_max = 128; // The others are for what goes on.
constexpr std::size_t waiting_bytes_max = 64U << 20U;
constexpr std::size_t waiting_overhead_bytes = 64; // Of each piece

// Unpacks into the stream's view as far as the budget goes; what is left of `bytes` stays.
Unpacker::State
unpack_some(CanaryTools& tools, PackedStream& stream, Bytes& bytes, const CanaryHearer& hearer) {
    const auto hear = [&](Bytes unpacked) {
        tools.budget.unpacked(unpacked.size());
        if (!stream.view) {
            stream.view = std::make_unique<CanaryView>(
                tools,
                stream.depth + 1,
                tools.name_of_inside(stream.unpacker->packing(), *stream.inside),
                stream.folds);
        }
        stream.view->take(unpacked, hearer);
    };
    const auto leave = [&](std::size_t step_costs) {
        const bool may = tools.budget.may_unpack();
        tools.budget.unpacking(may ? step_costs : 0);
        return may;
    };
    const auto state = stream.unpacker->take(bytes, tools.rooms[stream.depth], hear, leave);
    bytes = bytes.last(stream.unpacker->left());
    tools.unpacked_streams += state == Unpacker::State::ended ? 1U : 0U;
    tools.unsearched.too_long += state == Unpacker::State::too_long ? 1U : 0U;
    return state;
}

std::size_t waiting_bytes(const PackedStream& stream) {
    std::size_t out = 0;
    for (const auto& piece : stream.waiting) {
        out += piece.size();
    }
    return out - stream.front_taken;
}

void release_front(CanaryTools& tools, PackedStream& stream) {
    tools.waiting_bytes -= stream.waiting.front().size() + waiting_overhead_bytes;
    stream.waiting.pop_front();
    stream.front_taken = 0;
}

// False: there is no room for it, or nothing will ever be unpacked again.
bool wait(CanaryTools& tools, PackedStream& stream, Bytes bytes) {
    const std::size_t needs = bytes.size() + waiting_overhead_bytes;
    if (tools.waiting_bytes + needs > waiting_bytes_max || !tools.budget.has_left()) {
        tools.unsearched.packed_bytes += waiting_bytes(stream) + bytes.size();
        return false;
    }
    tools.waiting_bytes += needs;
    stream.waiting.emplace_back(bytes.begin(), bytes.end());
    return true;
}

// False once the stream has ended, one way or another.
bool unpack_waiting(CanaryTools& tools, PackedStream& stream, const CanaryHearer& hearer) {
    while (!stream.waiting.empty() && tools.budget.may_unpack()) {
        const std::size_t whole = stream.waiting.front().size();
        Bytes rest = Bytes(stream.waiting.front()).subspan(stream.front_taken);
        if (unpack_some(tools, stream, rest, hearer) != Unpacker::State::going) {
            return false;
        }
        stream.front_taken = whole - rest.size();
        if (rest.empty()) {
            release_front(tools, stream);
        }
    }
    return true;
}

bool feed(CanaryTools& tools, PackedStream& stream, Bytes bytes, const CanaryHearer& hearer) {
    if (!stream.waiting.empty()) {
        return wait(tools, stream, bytes) && unpack_waiting(tools, stream, hearer);
    }
    return unpack_some(tools, stream, bytes, hearer) == Unpacker::State::going &&
           (bytes.empty() || wait(tools, stream, bytes));
}

// No more of it: what waits behind its end, or for want of room, is not unpacked.
void give_up(CanaryTools& tools, PackedStream& stream, const CanaryHearer& hearer) {
    if (stream.view) {
        stream.view->end(hearer);
    }
    while (!stream.waiting.empty()) {
        release_front(tools, stream);
    }
    --tools.unpackers;
}

} // namespace

PackedStreams::~PackedStreams() {
    for (PackedStream& stream : streams_) {
        while (!stream.waiting.empty()) {
            release_front(tools_, stream);
        }
        --tools_.unpackers;
    }
}

void PackedStreams::take(const Look& look, const std::string& inside, const CanaryHearer& hearer) {
    for (std::size_t i = 0; i < streams_.size();) {
        if (feed(tools_, streams_[i], look.all.last(look.fresh), hearer)) {
            ++i;
            continue;
        }
        give_up(tools_, streams_[i], hearer);
        streams_.erase(streams_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    begin(look, inside, hearer);
}

void PackedStreams::begin(const Look& look, const std::string& inside, const CanaryHearer& hearer) {
    std::vector<PackedStart> starts;
    starts.swap(tools_.starts); // What unpacks looks for starts, too.
    starts.clear();
    const std::size_t starts_max = tools_.budget.may_begin_at_most();
    tools_.unsearched.not_begun += find_packed(look.all, look.look_from, starts_max, starts);
    for (const PackedStart& start : starts) {
        if (streams_.size() >= unpackers_per_view || tools_.unpackers >= unpackers_max ||
            !tools_.budget.may_begin()) {
            ++tools_.unsearched.not_begun;
            continue;
        }
        PackedStream stream{
            std::make_unique<Unpacker>(start.packing, tools_.limits), depth_, &inside, folds_};
        ++tools_.unpackers;
        if (feed(tools_, stream, look.all.subspan(start.at), hearer)) {
            streams_.push_back(std::move(stream));
        } else {
            give_up(tools_, stream, hearer);
        }
    }
    starts.swap(tools_.starts);
} // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks): what `stream` had made goes with it.

void PackedStreams::end(const CanaryHearer& hearer) {
    std::vector<PackedStream> streams;
    streams.swap(streams_);
    for (PackedStream& stream : streams) {
        const bool waits = !stream.waiting.empty();
        if (waits && tools_.put_by.size() < put_by_max) {
            tools_.put_by.push_back(std::move(stream));
            continue;
        }
        tools_.unsearched.packed_bytes += waits ? waiting_bytes(stream) : 0;
        give_up(tools_, stream, hearer);
    }
}

void unpack_put_by(CanaryTools& tools, PackedStream stream, const CanaryHearer& hearer) {
    const bool goes_on = unpack_waiting(tools, stream, hearer);
    tools.unsearched.packed_bytes += goes_on && !stream.waiting.empty() ? waiting_bytes(stream) : 0;
    give_up(tools, stream, hearer);
}

} // namespace bench::egress
