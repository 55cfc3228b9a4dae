// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiles/interception/rates.h"
#include "profiles/random.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace profiles::interception {

// What one target's sessions gave in one tick: so many PDUs, bytes and index rows.
struct Product {
    std::uint32_t target = 0;
    std::uint32_t pdus = 0;
    std::uint32_t bytes = 0;
    float rows = 0;
};

// Hears the platform: product as it is intercepted, and files that close.
class PlantHearer {
public:
    virtual ~PlantHearer() = default;
    virtual void product(const Product& product, Duration at) noexcept = 0;
    virtual void closed(std::uint32_t target, Duration at) noexcept = 0;
    virtual void ticked(Duration at) noexcept = 0; // All of this tick has been told.
};

// The intercepted people: calls, IP sessions, messages and locations of a share of the targets, on
// a clock that only moves when stepped. Seeded; what it says depends on nothing else. Memory: 8
// bytes a target, 48 an active session.
class Plant {
public:
    // The targets whose number leaves `share` when divided by `shares`.
    Plant(const Parameters& parameters,
          std::uint64_t seed,
          std::uint32_t share,
          std::uint32_t shares);

    static constexpr Duration tick = std::chrono::milliseconds(20);

    // Moves on to `now`, a whole tick at a time, and tells what was intercepted until then.
    void step(Duration now, PlantHearer& hearer) noexcept;
    Duration next_tick() const noexcept { return at_ + tick; }

    std::size_t calls() const noexcept { return calls_.size(); }
    std::size_t sessions() const noexcept { return sessions_.size(); }
    std::uint32_t targets() const noexcept { return targets_; }
    std::uint64_t calls_begun() const noexcept { return calls_begun_; }

    // For tests of the generator: every start and every holding time drawn.
    std::function<void(Duration start, double hold_s)> on_call;

private:
    struct Call {
        std::uint32_t target = 0;
        float pdus = 0; // Not yet whole
        float pdus_per_tick = 0;
        float bytes_per_pdu = 0;
        float unhashed_pdus = 0;
        std::uint32_t hashes = 0;
        std::int64_t next_hash_ns = 0;
        std::int64_t end_ns = 0;
    };
    struct Session {
        std::uint32_t target = 0;
        std::uint32_t hashes = 0;
        float pdus = 0;
        float unhashed_pdus = 0;
        double bytes_left = 0; // Raw
        std::int64_t next_hash_ns = 0;
    };

    double voice_share(Duration now) const noexcept;
    double data_share(Duration now) const noexcept;
    double exponential(double rate_per_s) noexcept;
    double hold_s(bool length_biased) noexcept;
    double volume(std::uint32_t target, bool volume_biased) noexcept;
    std::uint32_t ip_target() noexcept;
    void fill_steady_state();
    void begin_call(Duration now, double hold, std::uint32_t target) noexcept;
    void begin_session(Duration now, double raw_bytes, std::uint32_t target) noexcept;
    void arrivals(Duration now, PlantHearer& hearer) noexcept;
    void storm(Duration now) noexcept;
    void calls_speak(Duration now, PlantHearer& hearer) noexcept;
    void sessions_speak(Duration now, PlantHearer& hearer) noexcept;
    void records(Duration now, PlantHearer& hearer) noexcept;
    void rotations(Duration now, PlantHearer& hearer) noexcept;
    std::uint32_t hash_bytes(float pdus, std::uint32_t& hashes) const noexcept;

    Parameters parameters_;
    Random random_;
    std::uint32_t targets_ = 0; // Of this share
    std::uint32_t ip_targets_ = 0;
    std::uint32_t mobile_targets_ = 0;
    double mobile_least_ = 0;
    double fixed_least_ = 0;
    double voice_rate_max_ = 0; // Per second, for thinning
    double session_rate_max_ = 0;
    double next_call_s_ = 0;
    double next_session_s_ = 0;
    double next_storm_s_ = 0;
    double record_debt_ = 0;
    double session_bytes_per_tick_ = 0;
    Duration at_{0};
    std::vector<Call> calls_;
    std::vector<Session> sessions_;
    std::vector<std::uint32_t> rotation_order_; // Targets by their place in the jitter
    std::size_t rotated_ = 0;
    Duration rotation_from_{0};
    std::uint64_t calls_begun_ = 0;
};

} // namespace profiles::interception
