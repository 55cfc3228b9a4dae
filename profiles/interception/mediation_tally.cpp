// SPDX-License-Identifier: Apache-2.0
// What the mediation lost and gathered, and for whom.
#include "profiles/interception/mediation.h"
#include "profiles/interception/trend.h"

#include <algorithm>

namespace profiles::interception {

using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t drained_at_once = 64U << 10U;

} // namespace

// What queued during the outage comes in a burst beside the live product, a piece of each target's
// in turn; it is due as it arrives.
void Mediation::outage_drain(Duration at) noexcept {
    auto room = static_cast<std::uint64_t>(drain_bytes_per_s_ *
                                           std::chrono::duration<double>(Plant::tick).count()) +
                1;
    for (; room > 0 && queued_bytes_ > 0; draining_ = (draining_ + 1) % queued_.size()) {
        Queued& queue = queued_[draining_];
        const std::uint64_t bytes = std::min({std::uint64_t{queue.bytes}, room, drained_at_once});
        if (bytes == 0) {
            continue;
        }
        const std::uint64_t pdus = queue.pdus * bytes / queue.bytes;
        queue.bytes -= static_cast<std::uint32_t>(bytes);
        queue.pdus -= static_cast<std::uint32_t>(pdus);
        queued_bytes_ -= bytes;
        room -= bytes;
        take_in({static_cast<std::uint32_t>(draining_),
                 static_cast<std::uint32_t>(pdus),
                 static_cast<std::uint32_t>(bytes),
                 0},
                at);
    }
}

void Mediation::lose(const Product& product, Duration at) noexcept {
    losses_.pdus += product.pdus;
    losses_.bytes += product.bytes;
    const auto second = static_cast<std::uint32_t>(at / 1s);
    Toll& target = target_tolls_[product.target % target_tolls_.size()];
    losses_.targets += target.seconds == 0 ? 1U : 0U;
    losses_.target_seconds += target.add(product.pdus, second) ? 1U : 0U;
    Toll& of_case = case_tolls_[(product.target / targets_per_case) % case_tolls_.size()];
    losses_.cases += of_case.seconds == 0 ? 1U : 0U;
    losses_.case_seconds += of_case.add(product.pdus, second) ? 1U : 0U;
}

bool Mediation::Toll::add(std::uint32_t more_pdus, std::uint32_t second) noexcept {
    pdus += more_pdus;
    const bool another = last_second != second;
    seconds += another ? 1U : 0U;
    last_second = second;
    return another;
}

std::vector<Loss> Mediation::losses_by_name(Shard shard) const {
    std::vector<Loss> out;
    const auto add = [&](const char* kind, const std::vector<Toll>& tolls) {
        for (std::size_t i = 0; i < tolls.size(); ++i) {
            if (tolls[i].seconds > 0) {
                out.push_back(
                    {kind, i * shard.count + shard.index, tolls[i].pdus, tolls[i].seconds});
            }
        }
    };
    add("target", target_tolls_);
    add("case", case_tolls_);
    return out;
}

// How long the oldest product has been waiting that is not durable yet.
Duration Mediation::oldest_waiting() const {
    Duration out{0};
    for (const Writer& writer : writers_) {
        if (writer.committing) {
            out = std::max(out, read_at_ - writer.committing_since);
        } else if (writer.pending_bytes > 0) {
            out = std::max(out, read_at_ - writer.pending_since);
        }
    }
    return out;
}

std::vector<Measure> Mediation::measures() const {
    const Trend trend = backlog_trend(backlog_bytes_, 1s / reading_every);
    return {{"lost_pdus", static_cast<double>(losses_.pdus)},
            {"lost_bytes", static_cast<double>(losses_.bytes)},
            {"lost_target_seconds", static_cast<double>(losses_.target_seconds)},
            {"lost_targets", static_cast<double>(losses_.targets)},
            {"lost_cases", static_cast<double>(losses_.cases)},
            {"lost_case_seconds", static_cast<double>(losses_.case_seconds)},
            {"product_pdus", static_cast<double>(product_pdus_)},
            {"product_bytes", static_cast<double>(product_bytes_)},
            {"buffer_bytes", static_cast<double>(buffer_bytes_)},
            {"buffer_high_water_bytes", static_cast<double>(high_water_bytes_)},
            {"backlog_trend_bytes_per_s", trend.bytes_per_s},
            {"backlog_trend_low_bytes_per_s", trend.low},
            {"oldest_waiting_ns_at_most", static_cast<double>(oldest_waiting().count())},
            {"commits", static_cast<double>(commits_)},
            {"retries", static_cast<double>(retries_)},
            {"recycled_segments", static_cast<double>(store_.recycled())}};
}

} // namespace profiles::interception
