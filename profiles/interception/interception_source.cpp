// SPDX-License-Identifier: Apache-2.0
#include "profiles/interception/interception_source.h"

#include "profiles/file_error.h"
#include "profiles/interception/readers.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace profiles::interception {

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t mib = 1U << 20U;

struct Share {
    std::uint32_t writers = 0;
    double of_all = 0;
};

Share share_of(const Parameters& parameters, Shard shard) {
    const std::uint32_t writers = writer_count(parameters);
    if (shard.count > writers) {
        throw FileError(fmt::format("{} shards (lanes of all hosts) for {} writers: wanted at most "
                                    "one shard a writer; take "
                                    "fewer of them, or more targets or writers",
                                    shard.count,
                                    writers));
    }
    const std::uint32_t own =
        writers / shard.count + (shard.index < writers % shard.count ? 1U : 0U);
    return {own, static_cast<double>(own) / writers};
}

class InterceptionSource final : public Source {
public:
    InterceptionSource(const Parameters& parameters,
                       const WorkingSet& set,
                       std::uint64_t seed,
                       Shard shard)
        : shard_(shard)
        , share_(share_of(parameters, shard))
        , plant_(parameters, seed, shard.index, shard.count)
        , store_(parameters,
                 part_of(set, shard),
                 share_.writers,
                 plant_.targets() / Mediation::targets_per_case + 1,
                 seed)
        , mediation_(parameters, store_, agenda_, share_.writers, plant_.targets(), share_.of_all)
        , readers_(parameters, store_, agenda_, mediation_, share_.of_all) {
        const std::uint64_t own_seed = mixed(seed + shard.index);
        mediation_.begin(own_seed);
        readers_.begin(own_seed);
    }

    std::span<const StreamInfo> streams() const noexcept override { return platform_streams(); }

    std::optional<Duration> next_due() noexcept override {
        Duration next = plant_.next_tick();
        next = agenda_.has_alarm() ? std::min(next, agenda_.first_alarm()) : next;
        return agenda_.has_due() ? std::min(next, agenda_.first_due()) : next;
    }

    std::size_t take(Duration now, std::span<Access> out) noexcept override {
        std::size_t count = 0;
        // The model moves on in the order of time, so that what is due is told before what comes
        // after it.
        while (count < out.size()) {
            const Duration tick = plant_.next_tick();
            const Duration alarm = agenda_.has_alarm() ? agenda_.first_alarm() : Duration::max();
            const Duration due = agenda_.has_due() ? agenda_.first_due() : Duration::max();
            const Duration first = std::min({tick, alarm, due});
            if (first > now) {
                break;
            }
            if (first == tick) {
                step(tick);
            } else if (first == alarm) {
                ring(agenda_.pop_alarm());
            } else {
                out[count++] = agenda_.pop_due();
            }
        }
        return count;
    }

    void completed(const AccessOutcome& outcome) noexcept override {
        const Agenda::Work work = agenda_.finish(outcome.id);
        if (work.actor <= Actor::seal) {
            mediation_.completed(work, outcome);
        } else {
            readers_.completed(work, outcome);
        }
    }

    bool ended() const noexcept override {
        return false;
    } // The platform never ends; the round does.

    std::size_t take_delays(std::span<Delay> out) noexcept override {
        const std::size_t first = take_from(mediation_.delays(), out);
        return first + take_from(readers_.delays(), out.subspan(first));
    }

    std::vector<Measure> measures() const override {
        std::vector<Measure> out = mediation_.measures();
        for (Measure& measure : readers_.measures()) {
            out.push_back(std::move(measure));
        }
        return out;
    }

    std::vector<Loss> losses() const override { return mediation_.losses_by_name(shard_); }

private:
    static std::size_t take_from(std::vector<Delay>& delays, std::span<Delay> out) noexcept {
        const std::size_t count = std::min(delays.size(), out.size());
        std::copy_n(delays.end() - static_cast<std::ptrdiff_t>(count), count, out.begin());
        delays.resize(delays.size() - count);
        return count;
    }

    void step(Duration now) noexcept {
        plant_.step(now, mediation_);
        if (now / Mediation::reading_every != last_step_ / Mediation::reading_every) {
            mediation_.read_backlog(now);
        }
        last_step_ = now;
    }

    void ring(const Agenda::Alarm& alarm) noexcept {
        if (alarm.actor <= Actor::seal) {
            mediation_.alarm(alarm);
        } else {
            readers_.alarm(alarm);
        }
    }

    Shard shard_;
    Share share_;
    Agenda agenda_;
    Plant plant_;
    Store store_;
    Mediation mediation_;
    Readers readers_;
    Duration last_step_{0};
};

} // namespace

WorkingSet part_of(const WorkingSet& set, Shard shard) {
    const std::uint64_t size = set.size_bytes / shard.count / mib * mib;
    return {set.from_bytes + size * shard.index, size, set.block_bytes};
}

std::uint32_t writer_count(const Parameters& parameters) {
    return static_cast<std::uint32_t>(
        std::max(1.0, std::round(parameters.storage.writers * parameters.scale)));
}

std::uint64_t largest_access_bytes(const Parameters& parameters) {
    return std::max(
        {mib, parameters.storage.content_block_bytes, parameters.readers.playback_block_bytes});
}

std::unique_ptr<Source> make_interception_source(const Parameters& parameters,
                                                 const WorkingSet& set,
                                                 std::uint64_t seed,
                                                 Shard shard) {
    return std::make_unique<InterceptionSource>(parameters, set, seed, shard);
}

} // namespace profiles::interception
